// Korean of what the server of `knockctl console` refuses.
export const consoleKorean: Readonly<Record<string, string>> = {
  "the console does not {}": "콘솔에서는 {1} 요청을 할 수 없습니다",
  "{} has been changed meanwhile": "그 사이에 {1} 파일이 바뀌었습니다",
  "the request is not a JSON object": "요청이 JSON 객체가 아닙니다",
  "expected application/json": "application/json이어야 합니다",
  "at most {} bytes": "최대 {1}바이트",
  "knockd does not answer": "knockd가 응답하지 않습니다",
  "no page looks any more": "보고 있는 페이지가 없습니다",
  "{n} lines left out": "{1}줄을 건너뛰었습니다",
  "the console answers to localhost, 127.0.0.1 and [::1]":
    "콘솔은 localhost, 127.0.0.1, [::1]로 온 요청에만 응답합니다",
  "the console answers its own page alone": "콘솔은 자기 페이지의 요청에만 응답합니다",
  "internal error of the console: please report it": "콘솔의 내부 오류입니다. 알려 주십시오",
  "not found": "찾을 수 없습니다",
  "only GET and HEAD": "GET과 HEAD만 됩니다",
  "this address was used, or is not valid": "이미 썼거나 올바르지 않은 주소입니다",
  "this needs the address that knockctl console prints":
    "knockctl console이 출력한 주소가 필요합니다",
  "at most {} pages at once": "한 번에 최대 {1}페이지",
  "this console is read-only": "이 콘솔은 읽기 전용입니다",
};
