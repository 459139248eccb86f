"""Korean for what is written in English of the house: what ails it, the auditor's concerns, failures, refused rows."""

HEALTH = {
    # what anybody may know
    "a cycle is overdue: the last one was that of {at}": "실행이 늦어지고 있습니다: 마지막 실행 {at}",
    "a sender is stuck: one died with messages in its hands, {n} in all": "발송 중에 중단된 메일이 있습니다: 총 {n}건",
    "the outbox is not emptied: messages were due an hour ago or more, {n} in all": (
        "발송이 한 시간 이상 늦어진 메일이 있습니다: 총 {n}건"
    ),
    # the auditor's concerns
    "{where}: the last cycle was that of {at}: {todo}": "{where}: 마지막 실행 {at}: {todo}",
    "{where}: is live, costs money in {month} and is on no ticket, so that nothing more will happen to it: {todo}": (
        "{where}: {month}에 비용이 발생하지만 티켓에 없어 더 진행되지 않습니다: {todo}"
    ),
    "{where}: should have opened at {at} and is still a draft: {todo}": (
        "{where}: 열려야 할 시각이 지났으나 아직 초안입니다({at}): {todo}"
    ),
    "{where}: is open and no letter was ever written: {todo}": "{where}: 열려 있으나 작성된 메일이 없습니다: {todo}",
    "{where}: the latest safe e-mail {when} due at {at} and nobody has been contacted ({why}): {todo}": (
        "{where}: 답변이 보장되는 마지막 메일 시각이 {when} 아무에게도 연락하지 않았습니다({at}, {why}): {todo}"
    ),
    "{where}: the latest safe e-mail {when} due at {at} and nobody has been contacted: {todo}": (
        "{where}: 답변이 보장되는 마지막 메일 시각이 {when} 아무에게도 연락하지 않았습니다({at}): {todo}"
    ),
    "{where}: the sender of {subject} died with it in its hands, and nobody has taken over: {todo}": (
        "{where}: {subject} 발송이 중단되었고 이어받은 프로세스가 없습니다: {todo}"
    ),
    "{where}: {subject} was due at {at} and was not tried: {todo}": (
        "{where}: {subject} 발송 시각({at})이 지났으나 시도하지 않았습니다: {todo}"
    ),
    "{where}: {subject} could not be delivered to {to} ({error}): {todo}": (
        "{where}: {subject} 발송 실패, 받는 사람 {to} ({error}): {todo}"
    ),
    "{where}: nothing is known of {n} hours from {start} to {end}, though later ones are there: {todo}": (
        "{where}: 이후 데이터는 있으나 {start}부터 {end}까지 {n}시간의 사용량이 없습니다: {todo}"
    ),
    "{where}: nothing is known of any hour since {at}: {todo}": "{where}: {at} 이후의 사용량이 없습니다: {todo}",
    "{where}: it was tampered with: {broken}: {todo}": "{where}: 변조되었습니다: {broken}: {todo}",
    # what failed in a run
    "{what}: it changes nothing": "{what} 변경하지 않았습니다.",
    "{ticket}: a mail server complains, see the mailbox: {subject}": (
        "{ticket}: 메일 서버의 오류 알림입니다. 메일함을 확인하십시오: {subject}"
    ),
    "{ticket} is {state}: its letter {key} to {to} bounced: {reason}": (
        "{ticket} 상태: {state}. 메일 {key}의 반송, 받는 사람 {to}: {reason}"
    ),
    # rows that were refused
    "is empty": "비어 있습니다",
    "{value} holds a control character": "{value}: 제어 문자가 있습니다",
    "{value} is longer than {n} characters": "{value}: {n}자보다 깁니다",
    "{value} is not a time in ISO 8601, such as 2026-10-31T23:00:00Z": (
        "{value}: ISO 8601 형식의 시각이 아닙니다. 예: 2026-10-31T23:00:00Z"
    ),
    "{value} is outside the years {first} to {last}": "{value}: {first}년부터 {last}년까지의 시각이 아닙니다",
    "{value} is a day, not an hour": "{value}: 시각이 아니라 날짜입니다",
    "{value} is not on the full hour": "{value}: 정각이 아닙니다",
    "{value} is negative": "{value}: 음수입니다",
    "{value} is not a whole number": "{value}: 정수가 아닙니다",
    "{value} is over the largest quantity, {most}": "{value}: 최댓값 {most}보다 큽니다",
    "{n} fields, the header has {m}": "필드 {n}개, 머리글은 {m}개입니다",
    "not a line of CSV: {wrong}": "CSV 행이 아닙니다: {wrong}",
}

TODO = {
    "was": "지났으나",
    "will be": "다가오지만",
    "from {start} by {end}": "{start}부터 {end}까지",
    "by {end}": "{end}까지",
    "{ticket}: a mail from {who} answers it, and no letter of it has left": (
        "{ticket}: 발송된 메일이 없는데 {who}의 회신이 왔습니다."
    ),
    "nothing is found or claimed until it runs again: `floodmark run`": (
        "다시 실행할 때까지 새 알림과 면제 요청이 없습니다: `floodmark run`"
    ),
    "run `floodmark run`; if it stays, report it": "`floodmark run` 실행 후에도 남아 있으면 알려 주십시오",
    "run `floodmark run`; if it stays, call the desk": "`floodmark run` 실행 후에도 남아 있으면 창구에 전화하십시오",
    "mend it and `floodmark retry {key}`": "고친 뒤 `floodmark retry {key}`",
    "call the vendor's desk {when}, or {rest}": "{when} 공급사 창구에 전화하거나 {rest}",
    "call the vendor's desk, or {rest}": "공급사 창구에 전화하거나 {rest}",
    "call the vendor's desk {when}": "{when} 공급사 창구에 전화하십시오",
    "call the vendor's desk": "공급사 창구에 전화하십시오",
    "`floodmark run` sends it": "`floodmark run`으로 발송합니다",
    "`floodmark run` takes it over": "`floodmark run`으로 이어받습니다",
    "see why nothing comes in: {command}": "수신되지 않는 원인을 확인하십시오: {command}",
    "compare `floodmark journal --jsonl FILE` with a copy or a last hash that was kept elsewhere": (
        "`floodmark journal --jsonl FILE`의 결과를 따로 보관한 사본이나 마지막 해시와 비교하십시오"
    ),
    "the letter lies in {path}": "메일 파일: {path}",
    "row {n} is missing: the journal ended with row {last}": "{n}행이 없습니다. 마지막 행은 {last}행이었습니다",
    "row {n} is missing": "{n}행이 없습니다",
    "row {n} is not as it was written, or the one before it is another": "{n}행이나 그 앞의 행이 기록 당시와 다릅니다",
    "row {n} is not the one that the journal ended with": "{n}행은 이력의 마지막 행이 아닙니다",
    "run": "실행",
    "lake": "사용량 저장소",
    "journal": "이력",
}
"""What stands in the places of those, of the console's own."""
