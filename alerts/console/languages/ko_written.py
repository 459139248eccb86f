"""Korean for what was filled in English before it came here: reasons, history, the bill's lines, faults, failures.

In the order in which they are tried: of two that fit, the one that says more stands first.
"""

WRITTEN = {
    # why an alert was raised
    "grew by {change} in {span} since {at}, where {expected} was expected": (
        "{at}부터 {span} 동안 {change} 증가, 예상 {expected}"
    ),
    "{amount} in {span} since {at}, where {expected} was expected": "{at}부터 {span} 동안 {amount}, 예상 {expected}",
    "{story}: by its own last {days} days, this much within {span} comes by chance {rarity}": (
        "{story}: 지난 {days}일의 자체 이력으로 볼 때 {span} 안에 이 정도가 우연히 나타날 가능성은 {rarity}"
    ),
    "silent for three days; never for more than {hours} hours in its past of {days} days": (
        "3일째 사용 없음. 지난 {days}일 동안 {hours}시간을 넘게 멈춘 적이 없음"
    ),
    "its org has been known for {days} days and never used this before": (
        "{days}일 전부터 등록된 조직이 처음으로 사용한 항목"
    ),
    "a second model (STL) expects {expected} over these hours, {actual} came": (
        "두 번째 모델(STL)의 이 시간 예상은 {expected}, 실제는 {actual}"
    ),
    "more than {times} times as far above the usual as what was {state} on {at}": (
        "{at} 판정({state}) 당시보다 평소와의 차이가 {times}배 넘게 큼"
    ),
    "{alike} dismissed lately, so it had to be {times} times as rare to be raised": (
        "{alike} 제외되어, {times}배 더 드문 경우에만 알립니다"
    ),
    "{alike} found to be right lately, so it was raised though {times} times less rare": (
        "{alike} 맞았으므로, {times}배 덜 드물어도 알립니다"
    ),
    # what became of it
    "usage brought it back": "사용량이 바뀌어 다시 열림",
    "restated on {at} from {was} to {now}, where {expected} was expected": (
        "정정됨: {was} → {now}, 예상 {expected} ({at})"
    ),
    "usage came back": "사용 재개",
    "it stopped again": "다시 중단됨",
    "24 quiet hours": "24시간 동안 이상 없음",
    "it came back within 24 hours": "24시간 안에 다시 나타남",
    "taken back: {state}": "판정 되돌림: {state}",
    "snoozed until {at}: {note}": "{at}까지 보류: {note}",
    "snoozed until {at}": "{at}까지 보류",
    "woken: {note}": "보류 해제: {note}",
    "woken": "보류 해제",
    "mail from {who}": "메일: {who}",
    # the bill with and without
    "This product is billed at the 99th percentile of the month's hourly values: the highest 1 % of the hours cost "
    "nothing, and the amount is what these hours lift the billed value by.": (
        "이 제품은 한 달 시간별 값의 99번째 백분위수로 청구됩니다. 가장 높은 1 %의 시간은 무료이며, "
        "금액은 이 시간들이 청구 값을 올린 만큼입니다."
    ),
    "This product is billed by the sum of the month's hourly values.": (
        "이 제품은 한 달 시간별 값의 합계로 청구됩니다."
    ),
    "This product is billed at the mean of the month's hourly values.": (
        "이 제품은 한 달 시간별 값의 평균으로 청구됩니다."
    ),
    "This product is billed at the highest of the month's hourly values.": (
        "이 제품은 한 달 시간별 값의 최댓값으로 청구됩니다."
    ),
    "This product is billed hour by hour: what an hour has above the commitment and what other products include for "
    "it, added up over the month.": (
        "이 제품은 시간별로 청구됩니다. 매시간 약정과 다른 제품에 포함된 양을 넘는 사용량을 한 달 동안 합산합니다."
    ),
    "This product is billed hour by hour: what an hour has above the commitment and what other products include for "
    "it, on average over the month.": (
        "이 제품은 시간별로 청구됩니다. 매시간 약정과 다른 제품에 포함된 양을 넘는 사용량의 한 달 평균입니다."
    ),
    "{meter}, billed": "{meter}, 청구 수량",
    "included": "포함 수량",
    "on demand, {price} per {unit}": "온디맨드, {unit}당 {price}",
    "of the amount: commitment": "금액 중 약정",
    "Difference: the claim": "차액: 면제 요청 금액",
    "{own} include {other} at no charge, so that the charge for {same} moves by {amount}.": (
        "{own}에는 {other}의 무료 포함 수량이 있어, {same} 청구액이 {amount}만큼 바뀝니다."
    ),
    "The line {other} moves with it, by {amount}.": "{other} 내역도 {amount}만큼 함께 바뀝니다.",
    "unpriced: no {what} for {meter} in {contract}": "단가 없음: 계약 {contract}, {meter}, {what}",
    # the desk was reached
    "the desk's ticket {number}": "창구 접수 번호 {number}",
    "acknowledged ({who})": "접수 확인됨 ({who})",
    "granted ({who})": "승인됨 ({who})",
    "refused ({who})": "거절됨 ({who})",
    "called ({who})": "통화함 ({who})",
    "replied ({who})": "회신 ({who})",
    "auto-replied ({who})": "자동 회신 ({who})",
    "delivered ({who})": "메일 도착 ({who})",
    # what somebody may not do, or did wrongly
    "This takes the role {role}, or one above it.": "{role} 이상의 권한이 필요합니다.",
    "This form is old or not from here: go back, reload the page and try again.": (
        "오래되었거나 이 콘솔의 것이 아닌 양식입니다. 뒤로 가서 페이지를 새로 고친 뒤 다시 시도하십시오."
    ),
    "This is not the token that was printed when the console started.": "콘솔을 시작할 때 출력된 토큰이 아닙니다.",
    "That was no answer to a question of ours: sign in again.": (
        "이 콘솔의 로그인 요청에 대한 응답이 아닙니다. 다시 로그인하십시오."
    ),
    "The proxy has signed you in: sign out there.": "프록시에서 로그인했으므로 프록시에서 로그아웃하십시오.",
    "This page is reached through the proxy alone, which says who you are, under the name of [console] url.": (
        "이 페이지는 사용자를 확인해 주는 프록시를 통해, [console] url의 이름으로만 열 수 있습니다."
    ),
    "You are known, but nobody gave you a role here: ask for an entry in [console] people.": (
        "로그인되었으나 부여된 권한이 없습니다. [console] people에 등록을 요청하십시오."
    ),
    "Something broke here. It is in the console's log; nothing was changed.": (
        "오류가 발생했습니다. 콘솔 로그에 기록되었으며 변경된 내용은 없습니다."
    ),
    "{verdict} is no verdict: write {choices}": "{verdict}: 알 수 없는 판정입니다. 가능한 값: {choices}",
    "the latest that was done to it is no verdict of yours: decide it anew": (
        "마지막 작업이 본인의 판정이 아닙니다. 새로 판정하십시오"
    ),
    "says nothing": "내용이 없습니다",
    "there is no alert {alert}: `floodmark alerts` lists them": "알림 {alert}: 없는 알림입니다",
    "there is no ticket {ticket}: `floodmark tickets` lists them": "티켓 {ticket}: 없는 티켓입니다",
    "it is {state}: nobody waits for it": "상태: {state}. 보류할 수 없는 알림입니다",
    "{until} is not after {at}": "보류 기한 {until}: 현재 시각 {at} 이후여야 합니다",
    "its claim has to be in an e-mail by {moment}: that has passed": (
        "면제 요청 메일의 기한이 지나 보류할 수 없습니다: {moment}"
    ),
    "its claim has to be in an e-mail by {moment}: snooze it until then at most": (
        "면제 요청 메일의 기한까지만 보류할 수 있습니다: {moment}"
    ),
    "{text} is not a time in ISO 8601": "{text}: ISO 8601 형식의 시각이 아닙니다",
    "{text} is out of range": "{text}: 허용 범위를 벗어난 시각입니다",
    "usage was judged up to {at}: nothing is sent at a clock before that": (
        "사용량은 {at}까지 분석되었습니다. 그보다 이른 시각으로는 발송하지 않습니다"
    ),
    "{answer} is no answer: write {choices}": "{answer}: 알 수 없는 답변입니다. 가능한 값: {choices}",
    "a {state} ticket has no answer: {why}": "티켓 상태: {state}. 답변을 기록할 수 없습니다: {why}",
    "the ticket is {state}: there is no answer to take back": "티켓 상태: {state}. 취소할 답변이 없습니다",
    "is missing: write {what}": "메모가 없습니다. 적을 내용: {what}",
    "is missing: it asks for {currencies}": "통화를 고르십시오. 요청한 통화: {currencies}",
    "and --currency belong to `granted` alone": "금액은 승인인 경우에만 적을 수 있습니다",
    "nothing is asked by it, so nothing can be granted": "요청 금액이 없어 승인할 금액이 없습니다",
    "{currency} is not asked for: it asks for {currencies}": (
        "{currency}: 요청하지 않은 통화입니다. 요청한 통화: {currencies}"
    ),
    "{amount} is not between 0 and the {asked} asked": "{amount}: 0과 요청 금액 {asked} 사이여야 합니다",
    "{amount}: it has {digits} digits after the point": "{amount}: 소수점 아래 자릿수는 {digits}입니다",
    "nothing would be granted: write `refused` and its reason": (
        "승인 금액이 0입니다. 거절을 선택하고 이유를 적으십시오"
    ),
    "{text} is not an amount: write 1234.50": "{text}: 금액이 아닙니다. 예: 1234.50",
    "{file}: is larger than {size} MB: keep it elsewhere and say where in --note": (
        "{file}: {size} MB보다 큰 파일입니다. 다른 곳에 보관하고 위치를 메모에 적으십시오"
    ),
    # what came of sending
    "Sent to {to}.": "{to} 앞으로 발송했습니다.",
    "Written to a file: nobody was contacted yet. [tickets] sink says where letters go.": (
        "파일로 저장했습니다. 아직 아무에게도 발송되지 않았습니다. 발송 경로는 [tickets] sink에서 정합니다."
    ),
    "Not sent yet, it is tried again: {error}": "아직 발송되지 않았으며 다시 시도합니다: {error}",
    "It is being sent.": "발송 중입니다.",
    "Not sent: {error}": "발송하지 못했습니다: {error}",
    "The words say nothing: write what is asked, or put the generated words back.": (
        "본문이 비어 있습니다. 요청 내용을 적거나 자동 작성된 본문으로 되돌리십시오."
    ),
    "The words have {n} characters; at most {most} fit.": "본문이 {n}자입니다. 최대 {most}자까지 쓸 수 있습니다.",
    "{amount} is no amount of this letter: write one of its figures.": (
        "{amount}: 이 메일에 없는 금액입니다. 메일에 있는 금액을 적으십시오."
    ),
    "What the letter claims has changed meanwhile. Look at its figures again before you save the words.": (
        "그동안 메일의 요청 내용이 바뀌었습니다. 금액을 다시 확인한 뒤 본문을 저장하십시오."
    ),
    "No letter of it is to be written: the last one says all that there is to say.": (
        "새로 쓸 메일이 없습니다. 마지막 메일에 모두 적혀 있습니다."
    ),
    "Somebody else has changed the words meanwhile. Theirs go out unless you save yours in their place.": (
        "그동안 다른 사람이 본문을 바꾸었습니다. 다시 저장하지 않으면 그 본문이 발송됩니다."
    ),
    "Nothing to send: the vendor knows all of it already.": "발송할 내용이 없습니다. 공급사가 이미 모두 알고 있습니다.",
    "not delivered before {until}": "발송하지 못함: {until}",
    "two senders died with it in their hands, and it may have arrived: it is not sent a third time": (
        "발송이 두 번 중단되었으나 도착했을 수 있어 세 번째로 발송하지 않음"
    ),
    "the sink {sink} is not set up: see [tickets] and [mail] in floodmark.toml": (
        "발송 경로 {sink}: 설정되지 않음. floodmark.toml의 [tickets]와 [mail]을 확인하십시오"
    ),
    "bounced: {reason}": "반송됨: {reason}",
    "{sink} does not answer: its other messages wait for the next cycle": (
        "{sink}: 응답 없음. 나머지 메일은 다음 실행을 기다립니다"
    ),
    "sending took longer than {span}: the rest waits for the next cycle": (
        "발송이 {span} 넘게 걸려 나머지는 다음 실행을 기다립니다"
    ),
    "the mailbox is slow: its other mails wait for the next cycle": (
        "메일함이 느려 나머지 메일은 다음 실행을 기다립니다"
    ),
}

PIECES = {
    "committed price": "약정 단가",
    "on-demand price": "온디맨드 단가",
    "{one} and no {other}": "{one} 및 {other}",
    "it was not sent to anybody yet": "아직 발송되지 않았습니다",
    "nothing is claimed by it any more": "요청하는 금액이 없습니다",
    "the reason": "거절 이유",
    "what was said": "통화 내용",
    "whom you tried to reach": "연락한 상대",
    "why the answer is taken back": "답변을 취소하는 이유",
    "why it is not {state} after all": "상태({state})를 바꾸는 이유",
    "the month had ended everywhere": "모든 시간대의 월말이 지남",
    "it was of no use any more": "더 이상 의미가 없음",
    "nobody": "알 수 없음",
    "without a reason": "이유 없음",
    "an alert like this was": "최근 비슷한 알림 1건이",
    "{n} alerts like this were": "최근 비슷한 알림 {n}건이",
    "one hour": "1시간",
    "{n} hours": "{n}시간",
    "once in {n} hours": "{n}시간에 한 번",
    "less than once in a million hours": "백만 시간에 한 번 미만",
    "more than expected of the day": "하루 예상보다 많은 사용",
    "a higher level, hour after hour": "시간이 지나도 이어지는 높은 수준",
    "a slow rise above what was expected a week before": "일주일 전 예상을 넘는 완만한 증가",
    "vendor_fault": "공급사 장애",
    "{price} up to {units}, then {rest}": "{units}까지 {price}, 이후 {rest}",
}
"""What stands in the places of those, of the console's own."""
