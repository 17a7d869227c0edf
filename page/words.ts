// All that the page says.
import { keyEnglish, keyKorean } from "./key-words.ts";

const english = {
  title: "Knock",
  knock: "Knock",
  again: "Knock again",
  change: "Change",
  steps: "Progress",
  step: "Step {number}",
  waiting: "waiting",
  sending: "knocking",
  sent: "knocked",
  knocking: "Knocking: step {number} of {count}",
  looking: "Knocked. Looking whether port {port} answers …",
  done: "Knocked. This page does not know what the door opens: connect now.",
  barred:
    "Knocked. Browsers never talk to port {port}, so this page cannot see whether it is open: connect now.",
  answers: "It is open: port {port} answers.",
  appeared: "It is open: port {port} was silent before the knock, and reacts now.",
  before: "Port {port} answers, and did so before the knock.",
  unsure:
    "Knocked. Port {port} is reached, as before the knock, but a browser cannot see what is there: connect now.",
  silent:
    "Port {port} is silent: it is still shut. Knock again; if that does not help, is the invitation still good, and are you connected to the network?",
  tooMany:
    "The browser still waits for answers to your last knocks, and would not send new ones. Wait two minutes.",
  offline: "This device is not connected to a network.",
  open: "Open {link}",
  refused:
    "No browser sends anything to port {ports}, so this knock cannot work from a page like this one. Ask for other ports.",
  invitation: "Invitation",
  invitationHint: "Paste a link or a text here, or fill in the rest.",
  host: "Server",
  hostHint: "A name or an address, such as server.example.org",
  ports: "Ports to knock at",
  portsHint: "In their order: 7003, 9140, 8455. TCP only.",
  service: "Port that opens (optional)",
  serviceHint: "Such as 443: the page looks whether it answers.",
  name: "Name (optional)",
  save: "Save",
  cancel: "Cancel",
  saved: "Saved in the address of this page. Bookmark it, or add it to the home screen.",
  wrongInvitation: "There is no knock in this text.",
  wrongHost: "This is no name or address of a server.",
  wrongPorts: "1 to 32 numbers from 1 to 65535, with commas between them.",
  wrongService: "A number from 1 to 65535.",
  wrongLink: "The address of this page is damaged: the invitation in it cannot be read.",
  about: "What this page does",
  aboutKnock:
    "It sends a request to each port in turn, a second apart. Each of them is meant to fail: the server only counts who asked where. If all was right, it lets this device's address in for a while.",
  aboutSecret:
    "The ports are the secret. They are in the address of this page, after the #, and nowhere else. Browsers do not send that part to web servers. But this browser keeps it in its history, and may copy that to your other devices and to the company that synchronizes them. Who has the link can knock.",
  aboutHttps:
    "If this page came over https it cannot use http, and asks by https instead; to the server that is the same knock. What it then says about a service that speaks http only is a guess.",
  aboutLocal:
    "If the server is in a private network, the browser may ask whether this page may reach it. The knock is sent in any case; without the permission the page cannot see whether the service answers.",
  aboutPorts:
    "No browser sends anything to these ports: {badPorts}. They cannot be knocked at from a page. If the door opens one of them, such as 22 (ssh), it opens, but the page cannot look at it.",
  ...keyEnglish,
};

export type PageWord = keyof typeof english;

const korean: Readonly<Record<PageWord, string>> = {
  title: "노크",
  knock: "노크하기",
  again: "다시 노크하기",
  change: "설정 바꾸기",
  steps: "진행 상황",
  step: "{number}단계",
  waiting: "대기 중",
  sending: "노크하는 중",
  sent: "노크함",
  knocking: "노크하는 중: {count}단계 중 {number}단계",
  looking: "노크를 마쳤습니다. {port}번 포트가 응답하는지 확인하고 있습니다…",
  done: "노크를 마쳤습니다. 어떤 서비스가 열리는지는 이 페이지가 알지 못합니다. 지금 접속해 보세요.",
  barred:
    "노크를 마쳤습니다. 브라우저는 {port}번 포트에 접속하지 않으므로 열렸는지 확인할 수 없습니다. 지금 접속해 보세요.",
  answers: "열렸습니다. {port}번 포트가 응답합니다.",
  appeared: "열렸습니다. 노크 전에는 조용하던 {port}번 포트가 이제 반응합니다.",
  before: "{port}번 포트가 응답합니다. 노크하기 전에도 응답하고 있었습니다.",
  unsure:
    "노크를 마쳤습니다. {port}번 포트에는 노크 전과 마찬가지로 닿지만, 무엇이 있는지 브라우저로는 알 수 없습니다. 지금 접속해 보세요.",
  silent:
    "{port}번 포트가 응답하지 않습니다. 아직 닫혀 있습니다. 다시 노크해 보세요. 그래도 안 되면 초대가 아직 유효한지, 네트워크에 연결되어 있는지 확인하세요.",
  tooMany:
    "브라우저가 지난 노크의 응답을 아직 기다리고 있어서 새로 노크할 수 없습니다. 2분쯤 기다렸다가 다시 시도하세요.",
  offline: "이 기기는 네트워크에 연결되어 있지 않습니다.",
  open: "{link} 열기",
  refused:
    "브라우저는 {ports}번 포트로 아무것도 보내지 않으므로 이 페이지로는 노크할 수 없습니다. 다른 포트를 요청하세요.",
  invitation: "초대",
  invitationHint: "받은 링크나 글을 여기에 붙여넣거나, 아래 칸을 직접 채우세요.",
  host: "서버",
  hostHint: "이름 또는 주소. 예: server.example.org",
  ports: "노크할 포트",
  portsHint: "순서대로 입력하세요. 예: 7003, 9140, 8455. TCP만 됩니다.",
  service: "열릴 포트 (선택)",
  serviceHint: "예: 443. 노크한 뒤 응답하는지 확인합니다.",
  name: "이름 (선택)",
  save: "저장",
  cancel: "취소",
  saved: "이 페이지의 주소에 저장했습니다. 북마크에 추가하거나 홈 화면에 추가하세요.",
  wrongInvitation: "이 글에는 노크 정보가 없습니다.",
  wrongHost: "서버의 이름이나 주소가 아닙니다.",
  wrongPorts: "1부터 65535까지의 숫자를 1~32개, 쉼표로 구분해 입력하세요.",
  wrongService: "1부터 65535까지의 숫자를 입력하세요.",
  wrongLink: "이 페이지의 주소가 손상되어 초대를 읽을 수 없습니다.",
  about: "이 페이지가 하는 일",
  aboutKnock:
    "각 포트에 약 1초 간격으로 차례대로 요청을 보냅니다. 이 요청들은 실패하는 것이 정상입니다. 서버는 누가 어디에 요청했는지만 봅니다. 순서가 모두 맞으면 이 기기의 주소를 잠시 들여보냅니다.",
  aboutSecret:
    "포트 번호가 비밀입니다. 이 페이지 주소의 # 뒤에만 들어 있고, 브라우저는 이 부분을 웹 서버로 보내지 않습니다. 다만 브라우저 방문 기록에는 남으며, 동기화를 켜 두었다면 다른 기기와 동기화 서비스 회사에도 복사될 수 있습니다. 링크를 가진 사람은 누구나 노크할 수 있습니다.",
  aboutHttps:
    "https로 연 페이지는 http를 쓸 수 없어서 대신 https로 요청합니다. 서버에게는 똑같은 노크입니다. 이때 http만 쓰는 서비스가 열렸는지는 추측해서 알려 줍니다.",
  aboutLocal:
    "서버가 사설 네트워크에 있으면 브라우저가 접근 권한을 물을 수 있습니다. 노크는 권한과 상관없이 전송되지만, 권한이 없으면 서비스가 응답하는지 확인할 수 없습니다.",
  aboutPorts:
    "브라우저는 다음 포트로 아무것도 보내지 않습니다: {badPorts}. 이 포트로는 노크할 수 없습니다. 22번(ssh)처럼 이 중 하나가 열리는 문이라면, 열리기는 하지만 열렸는지 이 페이지에서 확인할 수는 없습니다.",
  ...keyKorean,
};

export const words: readonly PageWord[] = Object.keys(english) as PageWord[];

const languages = { en: english, ko: korean };

export type Language = keyof typeof languages;

/** The first of these languages (`ko-KR`) that the page speaks, or English. */
export function choose(preferred: readonly string[]): Language {
  const known = preferred.map((tag) => tag.toLowerCase().split("-")[0]);
  return known.find((tag): tag is Language => tag === "en" || tag === "ko") ?? "en";
}

/** Says something, with values put in for `{names}`. */
export function say(
  language: Language,
  word: PageWord,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return languages[language][word].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}
