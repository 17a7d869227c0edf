// Korean of the screen of `knockctl doctor`.
export const screenKorean: Readonly<Record<string, string>> = {
  "{}, also while knockd does not run": "{1} (knockd가 실행 중이 아닐 때도)",
  "does not run": "실행 중이 아님",
  "{} runs, process {}, up {}": "{1} 실행 중, 프로세스 {2}, 가동 시간 {3}",
  "{}: cannot be used": "{1}: 쓸 수 없음",
  "changed after knockd read it": "knockd가 읽은 뒤에 바뀜",
  "as knockd has read it": "knockd가 읽은 그대로",
  "no interface with an address": "주소가 있는 인터페이스 없음",
  "{} (missing)": "{1} (없음)",
  "{} (down)": "{1} (꺼짐)",
  "{} (down) {}": "{1} (꺼짐) {2}",
  "protects nothing": "보호하는 서비스 없음",
  "protects {}": "보호: {1}",
  "no firewall manager beside it": "다른 방화벽 관리 도구 없음",
  "beside {}": "함께 쓰는 도구: {1}",
  "no nft": "nft 없음",
  "which refuses the rules": "규칙을 거부함",
  "not synchronized": "동기화되지 않음",
  "and {} more: knockctl check": "그 밖에 {1}: knockctl check",
  "Knock from your client now ({}, Ctrl-C ends):":
    "이제 클라이언트에서 노크하십시오({1}, Ctrl-C를 누르면 끝남):",
  "too many packets to show: the rest is counted only": "패킷이 너무 많아 나머지는 세기만 합니다",
  "knock by key: {}": "키 노크: {1}",
  "listening for {} more": "앞으로 {1} 동안 기다립니다",
  "knockd does not run: nothing will open.":
    "knockd가 실행 중이 아니라서 아무것도 열리지 않습니다.",
  "Dry run: until this command ends, no knock opens anything.":
    "시험 실행: 이 명령이 끝날 때까지 어떤 노크로도 문이 열리지 않습니다.",
  "Dry run: until this command ends, knocks of {} open nothing.":
    "시험 실행: 이 명령이 끝날 때까지 {1} 주소가 노크해도 문이 열리지 않습니다.",
};
