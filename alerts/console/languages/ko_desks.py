"""Korean: tickets, customers and partners, runs."""

DESKS = {
    # tickets
    "State": "상태",
    "Recovery by month": "월별 회수 현황",
    "Of earlier months still without an answer:": "아직 답이 없는 이전 달:",
    "No tickets in this month.": "이 달에는 티켓이 없습니다.",
    "ended {moment}": "{moment}에 마감",
    "claims: {n}": "면제 요청 {n}건",
    "nothing is claimed": "요청 없음",
    "{span} left": "{span} 남음",
    "until {moment} UTC": "{moment} UTC까지",
    "{span} over the deadline": "마감 {span} 지남",
    "asked": "요청 금액",
    "not answered yet": "아직 답 없음",
    "contact": "접촉 증빙",
    "proven": "증명됨",
    "not proven": "증명 안 됨",
    "nobody at the desk has answered": "공급사 창구의 답이 아직 없습니다",
    "Call the vendor's desk": "공급사 창구에 전화",
    "No number is set: tickets.phone in floodmark.toml": (
        "전화번호가 설정되지 않았습니다: floodmark.toml의 tickets.phone"
    ),
    "too late": "기한 지남",
    "The desk's hours until then": "그때까지의 창구 업무 시간",
    "The desk does not open again before the deadline.": "마감 전에 창구가 다시 열리지 않습니다.",
    "What to say": "할 말",
    "Result of the call": "통화 결과",
    "somebody was spoken to": "통화함",
    "nobody was reached": "연결되지 않음",
    "Whom you spoke to, what they said, their case number": "통화한 사람, 답변 내용, 접수 번호",
    "Record the call": "통화 기록",
    "Claims": "면제 요청 내역",
    "alert": "알림",
    "org": "조직",
    "amount": "금액",
    "last letter": "마지막 메일의 금액",
    "This ticket claims nothing any more.": "이 티켓으로 요청하는 금액이 더 이상 없습니다.",
    "Thread": "주고받은 내용",
    "letter waits to be sent": "메일 발송 대기",
    "letter is being sent": "메일 발송 중",
    "letter sent": "메일 발송됨",
    "letter written to a file, nobody was contacted": "파일로만 저장됨, 아직 아무에게도 발송되지 않음",
    "letter not delivered": "메일 발송 실패",
    "by {sink} to {to}": "경로: {sink}, 받는 사람: {to}",
    "it may have arrived twice": "두 번 도착했을 수 있음",
    "{n} attempts": "{n}회 시도",
    "the desk's number: {number}": "창구 접수 번호: {number}",
    "replied": "회신",
    "automatic reply": "자동 회신",
    "letter arrived": "메일 도착",
    "answer taken back": "답변 취소",
    "of {asked}": "/ 요청 {asked}",
    "proof": "증빙",
    "No letter or answer yet.": "아직 주고받은 내용이 없습니다.",
    "Deadlines": "기한",
    "End of the month in every time zone": "모든 시간대의 월말",
    "in {span}": "{span} 후",
    "{span} ago": "{span} 전",
    "A vendor's fault has no deadline.": "공급사 장애에는 기한이 없습니다.",
    "What the desk said": "창구의 답변",
    "Answer": "답변",
    "take the answer back": "답변 취소",
    "Amount granted (empty: all of {asked})": "승인 금액 (비워 두면 {asked} 전액)",
    "Currency": "통화",
    "Note (for a refusal, the reason)": "메모 (거절이면 그 이유)",
    "Files that prove the answer": "답변 증빙 파일",
    "Record the answer": "답변 기록",
    "Recorded: {what}": "기록했습니다: {what}",
    "To the ticket": "티켓으로",
    "Files": "파일",
    "The mail as it is read": "받는 사람이 보는 메일",
    "The same as plain text": "일반 텍스트로 보기",
    # the recovery report
    "Download as CSV": "CSV 내려받기",
    "currency": "통화",
    "claimed": "요청",
    "waiting": "대기",
    "granted, of what was answered": "답변 중 승인 비율",
    "No ticket asked for anything yet.": "아직 면제를 요청한 티켓이 없습니다.",
    "Earlier months": "이전 달",
    "Claimed is the sum of granted, refused and waiting. Expired could have been claimed, but nobody was reached "
    "before the month ended.": (
        "요청은 승인, 거절, 대기의 합계입니다. "
        "기한 만료는 요청할 수 있었으나 월말까지 아무에게도 연락이 닿지 않은 금액입니다."
    ),
    # customers
    "Name or id": "이름 또는 ID",
    "customer": "고객사",
    "partner": "파트너",
    "orgs": "조직",
    "contract": "계약",
    "No customer of this name.": "이 이름의 고객사가 없습니다.",
    "Contracts": "계약",
    "annual": "연간",
    "month to month": "월 단위",
    "on demand": "온디맨드",
    "no end": "종료일 없음",
    "No contract.": "계약이 없습니다.",
    "No ticket yet.": "아직 티켓이 없습니다.",
    "Work out what the month comes to": "이번 달 금액 계산",
    "data complete to {moment}": "{moment}까지 수신 완료",
    "no usage yet": "아직 사용량 없음",
    "month to date": "이번 달 현재까지",
    "projected": "월말 예상",
    "of it committed": "그중 약정",
    "nothing is billed": "청구 금액 없음",
    "By meter": "과금 항목별",
    "committed": "약정",
    "meter": "과금 항목",
    "bar": "막대그래프",
    "usage": "사용량",
    "{meter}: {n} hours of usage that no contract covers, not billed": (
        "{meter}: 계약이 없는 사용 {n}시간, 청구되지 않습니다."
    ),
    "{product}: {n} hours of a usage type that the catalogue does not know, not billed": (
        "{product}: 카탈로그에 없는 사용 유형 {n}시간, 청구되지 않습니다."
    ),
    "Commitments": "약정",
    "{n} % at month end": "월말 {n} %",
    "{used} of {committed} used, {projected} projected": "약정 {committed} 중 {used} 사용, 월말 예상 {projected}",
    "No commitments.": "약정이 없습니다.",
    "Share by org, month to date": "조직별 비중 (이번 달 현재까지)",
    "History": "이력",
    "Since last month": "지난달 대비",
    "What {month} is projected to come to, against all of {last}.": "{month} 월말 예상과 {last} 전체의 비교입니다.",
    "change": "증감",
    "new": "신규",
    "gone": "사라짐",
    "more": "증가",
    "less": "감소",
    "Nothing to compare with.": "비교할 달이 없습니다.",
    # contracts' deadlines
    "Contract deadlines": "계약 기한",
    "No contract ends.": "종료되는 계약이 없습니다.",
    "Nothing is due.": "처리할 일이 없습니다.",
    "in {n} days": "{n}일 남음",
    "1 day late": "1일 지남",
    "{n} days late": "{n}일 지남",
    "renewal notice to the vendor": "공급사에 갱신 통지",
    "contract ends": "계약 종료",
    "ask the vendor for a quote": "공급사에 견적 요청",
    "the customer says what it wants": "고객사 주문 확정",
    "the next month starts": "다음 달 계약 시작",
    "products can be changed until": "제품 변경 가능 기한",
    "a trial can be given until": "체험 제공 가능 기한",
    "The vendor wants notice of a renewal 120 days before an annual contract ends.": (
        "연간 계약의 갱신은 종료 120일 전까지 공급사에 통지해야 합니다."
    ),
    "The first day that the contract does not cover.": "계약이 적용되지 않는 첫날입니다.",
    "A month-to-month contract starts on the 1st, and the vendor needs two weeks for a quote.": (
        "월 단위 계약은 1일에 시작하며, 공급사의 견적에는 2주가 필요합니다."
    ),
    "What a month-to-month contract is to be next month, the customer says on the 24th at the latest.": (
        "월 단위 계약의 다음 달 내용은 고객사가 늦어도 24일까지 정해야 합니다."
    ),
    "A month-to-month contract starts on the 1st.": "월 단위 계약은 1일에 시작합니다.",
    "An annual contract takes one change of products a month, and only if its price rises by 1 or more.": (
        "연간 계약의 제품은 한 달에 한 번, 금액이 1 이상 늘어나는 경우에만 변경할 수 있습니다."
    ),
    "It is used without being on the annual contract: a trial can be given until the 15th of the month.": (
        "연간 계약에 없이 사용 중입니다. 사용한 달의 15일까지 체험을 제공할 수 있습니다."
    ),
    "Used up this month: the book loaded on {day} has other products.": (
        "이번 달 변경은 이미 사용했습니다: {day}에 등록된 고객 대장의 제품이 다릅니다."
    ),
    "Not used up this month, as far as the loaded books tell.": (
        "등록된 고객 대장 기준으로 이번 달 변경은 아직 사용하지 않았습니다."
    ),
    "The commitments come to {now} a month; after a change they must come to at least {least}.": (
        "현재 약정은 월 {now}이며, 변경 후에는 {least} 이상이어야 합니다."
    ),
    # partners
    "basic": "일반 등급",
    "gold": "골드 등급",
    "This month": "이번 달",
    "Preview of the digest": "다이제스트 미리보기",
    "no digest": "다이제스트 없음",
    "daily digest": "일간 다이제스트",
    "weekly digest": "주간 다이제스트",
    "The exact mail that would go to {to} if it were sent at {moment}. Nothing has been sent.": (
        "{moment}에 발송한다면 {to} 앞으로 나갈 메일 그대로입니다. 발송되지 않았습니다."
    ),
    "No digest is sent: the partner has no e-mail address.": (
        "파트너의 메일 주소가 없어 다이제스트를 발송하지 않습니다."
    ),
    # runs
    "Runs and health": "실행과 상태",
    "Health": "상태",
    "now": "지금",
    "at the last run": "마지막 실행 시",
    "OK": "정상",
    "failed": "실패",
    "Nothing needs attention.": "조치할 사항이 없습니다.",
    "Last runs": "최근 실행",
    "Run of": "실행 시각",
    "Result": "결과",
    "Analysed to": "분석 완료 시각",
    "Rows changed": "변경된 행",
    "Rows refused": "거부된 행",
    "New alerts": "새 알림",
    "Open alerts": "열린 알림",
    "Series left out": "분석 제외",
    "Letters": "작성한 메일",
    "Mails sent": "발송한 메일",
    "Mails read": "읽은 메일",
    "Nothing has run yet. Start it with `floodmark run`, or every hour with `floodmark schedule`.": (
        "아직 실행된 적이 없습니다. `floodmark run`으로 실행하거나 `floodmark schedule`로 매시간 실행하십시오."
    ),
    "Usage of the last seven days": "최근 7일의 사용량",
    "How complete usage is, by org and hour; the table has the same in numbers.": (
        "조직과 시간별 사용량 수신 상태입니다. 같은 내용이 아래 표에 수치로 있습니다."
    ),
    "some meters": "일부 항목",
    "all meters": "전체 항목",
    "Org": "조직",
    "Hours missing": "누락 시간",
    "Longest gap, hours": "최장 공백(시간)",
    "Hours in part only": "일부만 수신된 시간",
    "Orgs {first} to {last} of {count}, the least complete first.": (
        "조직 {count}곳 중 {first}–{last}번째, 누락이 많은 순서입니다."
    ),
    "Previous orgs": "이전 조직",
    "Next orgs": "다음 조직",
    "No orgs.": "조직이 없습니다.",
    "Usage that is not billed": "청구되지 않는 사용량",
    "What": "항목",
    "Why it is not billed": "청구되지 않는 이유",
    "Hours": "시간",
    "the catalogue has no meter for it": "카탈로그에 해당 과금 항목 없음",
    "the org belongs to no customer in the book": "고객 대장에서 조직이 속한 고객사 없음",
    "All usage is billed: every usage type has a meter, every org a customer.": (
        "모든 사용량이 청구됩니다: 사용 유형마다 과금 항목이, 조직마다 고객사가 있습니다."
    ),
    "Quarantine": "격리된 행",
    "The last {shown} of {count} rows that were refused.": "거부된 {count}행 중 최근 {shown}행입니다.",
    "Where": "위치",
    "Column": "열",
    "Why": "이유",
    "Row": "행",
    "Seen": "발견 시각",
    "No row was ever refused.": "거부된 행이 없습니다.",
}
