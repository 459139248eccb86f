"""Korean."""

KOREAN = {
    "Queue": "대기열",
    "Tickets": "티켓",
    "Customers": "고객",
    "Runs": "실행",
    "Skip to content": "본문으로 건너뛰기",
    "Sign in": "로그인",
    "Sign out": "로그아웃",
}
