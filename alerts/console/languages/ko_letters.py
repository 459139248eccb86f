"""Korean: the words of a letter."""

LETTERS = {
    "As it stands:": "현재 문구:",
    "Generated from the claims.": "청구 내용에서 자동으로 생성되었습니다.",
    "Into the box": "입력란으로 가져오기",
    "It is not owed now: the vendor knows all of it, or what changed is too small for a letter.": (
        "지금 보낼 서신이 없습니다: 벤더가 이미 모두 알고 있거나, 바뀐 금액이 서신을 보내기에는 너무 작습니다."
    ),
    "No letter of it is to be written: the last one says all that there is to say.": (
        "새로 쓸 서신이 없습니다: 마지막 서신에 모두 적혀 있습니다."
    ),
    "Plain text; an empty line starts a paragraph. Subject, figures, tables, pictures and files are computed. The "
    "words hold for these claims: where those change before it is sent, the generated words go out.": (
        "서식 없는 글이며, 빈 줄은 새 문단입니다. 제목, 금액, 표, 그림, 파일은 자동으로 계산됩니다. "
        "문구는 현재 청구에 한해 유효하며, 보내기 전에 청구가 바뀌면 생성된 문구가 나갑니다."
    ),
    "Preview": "미리보기",
    "Put the generated words back": "생성된 문구로 되돌리기",
    "Save the words": "문구 저장",
    "Somebody else has changed the words meanwhile. Theirs go out unless you save yours in their place.": (
        "그사이 다른 사람이 문구를 바꾸었습니다. 다시 저장하지 않으면 그 사람의 문구가 나갑니다."
    ),
    "The generated words go out.": "생성된 문구가 나갑니다.",
    "The next letter, its words, and sending it": "다음 서신과 문구, 발송",
    "The words of the letter": "서신의 문구",
    "The words say nothing: write what is asked, or put the generated words back.": (
        "내용이 없습니다: 요청할 내용을 쓰거나 생성된 문구로 되돌리십시오."
    ),
    "These words go out.": "이 문구가 나갑니다.",
    "What stands above the tables": "표 위에 들어갈 글",
    "What the letter claims has changed meanwhile. Look at its figures again before you save the words.": (
        "그사이 서신의 청구 내용이 바뀌었습니다. 문구를 저장하기 전에 금액을 다시 확인하십시오."
    ),
    "What you wrote:": "작성한 글:",
    "What {who} wrote does not go out: the claims have changed since {moment}. The generated words go out.": (
        "{who} 님이 쓴 문구는 나가지 않습니다: {moment} 이후 청구가 바뀌었습니다. 생성된 문구가 나갑니다."
    ),
    "Words written before": "이전에 쓴 문구",
    "Written by {who}, {moment}.": "{who} 님 작성, {moment}.",
}
