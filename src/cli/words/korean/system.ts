// Korean of the control socket, operands and what all commands refuse.
export const systemKorean: Readonly<Record<string, string>> = {
  "what was asked for may still happen": "요청한 일이 그래도 일어날 수 있습니다",
  "no answer from knockd within {} seconds": "knockd가 {1}초 안에 응답하지 않습니다",
  "knockd's answer is too long": "knockd의 응답이 너무 깁니다",
  "{w} is not a socket": "{1}: 소켓이 아닙니다",
  "the socket {} belongs to user {}, not to root":
    "{1} 소켓의 소유자가 root가 아니라 사용자 {2}입니다",
  "there is no /{}": "/{1} 파일이 없습니다",
  "no daemon listens on {}": "{1}에서 기다리는 데몬이 없습니다",
  "run knockctl as root": "knockctl을 root로 실행하십시오",
  "no permission to use {}": "{1}: 권한이 없습니다",
  "cannot connect to {}: {}": "{1}에 연결할 수 없습니다: {2}",
  "start it: {}": "시작하려면: {1}",
  "if its configuration has a ControlSocket: --socket PATH":
    "설정에 ControlSocket이 있으면: --socket PATH",
  "knockd is not running: {}": "knockd가 실행 중이 아닙니다: {1}",
  "knockd has closed the connection{}": "knockd가 연결을 끊었습니다{1}",
  "an IPv4 or IPv6 address, such as 192.0.2.1 or 2001:db8::1":
    "192.0.2.1이나 2001:db8::1 같은 IPv4 또는 IPv6 주소",
  "a number of seconds, or one with a unit: 30s, 10m, 1h, 2d":
    "초 단위의 숫자 또는 단위를 붙인 숫자: 30s, 10m, 1h, 2d",
  "{w} is missing": "{1} 인수가 없습니다",
  '--color: "{}" is not auto, always or never':
    '--color: "{1}"은(는) auto, always, never 중 하나가 아닙니다',
  '{} is missing after "{}"': '"{2}" 뒤에 {1} 인수가 없습니다',
  "knockctl --help lists them": "knockctl --help가 모두 보여 줍니다",
  'there is no command "{}"': '"{1}" 명령이 없습니다',
  'there is no user command "{}"': '"{1}" 하위 명령이 없습니다',
  "there is none at all": "문이 하나도 없습니다",
  "there is {w}": "있는 문: {1}",
  'there is no door "{}"': '"{1}" 문이 없습니다',
  "there is {w}, {}": "있는 문: {1}, {2}",
  "--{} is missing": "--{1} 옵션이 없습니다",
};
