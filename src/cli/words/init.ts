import { catalogue } from "./catalogue.ts";
import { koreanDuration } from "./translate.ts";

/** What `knockctl init` asks and says. */
export const initWords: () => InitWords = catalogue<InitWords>(
  {
    listening: (services) => `Listening for others: ${services}`,
    nothing: "nothing",
    which: "Which services do you want to hide behind a knock?",
    where: "By which name or address do clients reach this server?",
    sequence:
      "A sequence of ports suits all clients, browsers too. Who reads your packets can copy it.",
    key: "A key suits devices with the knock of Sesame. Its packets cannot be guessed, and no copy opens anything again.",
    way: "Do doors open by sequence, key, or both?",
    from: "From which address will your knock come, or any?",
    logins: (addresses) => `recent log-ins: ${addresses}`,
    device: "What is the name of your device, PERSON/DEVICE?",
    isThere: (door, service, change) => `[${door}] opens ${service} already: ${change}`,
    stays: "it stays as it is",
    alsoTo: (device) => `also to ${device} by key`,
    opens: (door, service, time, to) =>
      `[${door}] opens ${service} for ${time} ${to.join(", and ")}`,
    bySteps: (steps) => `to a source that knocks ${steps}`,
    byKey: (device) => `to ${device} by key`,
    inTheClear: "Who can read your packets can copy a knock: a knock is a password in the clear.",
    keyWorth:
      "A knock by key cannot be guessed, and no copy of it opens anything again. It needs a device with the key, and clocks that agree: without a sequence, keep another way in, such as a console.",
    both: "With both, a door is as weak as its sequence.",
    password: "The service still needs a good password of its own.",
    unchanged: (file) => `${file} stays as it is.`,
    gets: (file) => `${file} gets this:`,
    getsLock: (file, device) => `${file} gets the lock of a new key of ${device}.`,
    next: (steps) => `Then: ${steps}.`,
    reload: "knockd reloads it",
    proof: "a knock from a network namespace",
    protectedOnTrial: (services) => `${services} protected on trial`,
    protectedNow: (services) => `${services} protected`,
    doIt: "Do it?",
    doItAllTheSame: "Do it all the same?",
    nothingChanged: "Nothing was changed.",
    dryRun: "Nothing was changed: --dry-run. The next run chooses other sequences.",
    written: (file) => `${file} is written`,
    backup: (file) => `backup: ${file}`,
    enrolled: (file, device) => `${file} has the lock of a new key of ${device}`,
    reloaded: "knockd has reloaded it",
    runs: (command) => `knockd runs (${command})`,
    noBoot: "nothing starts knockd at the next boot: arrange that yourself",
    notTested: "not tested: whether the doors open",
    onlyByKnock: "on trial the services open by a knock, and by nothing else",
    windows: "On Windows (in PowerShell write ; for &&):",
    more: "The lines for knock.conf, and a QR code:",
    ssh: "In ~/.ssh/config, so that ssh knocks by itself:",
    lastResort: "When all else fails: on the console of this machine, as root,",
    unprotect: "lets all sources reach the services again; works without knockd, too",
    undo: "rolls back this init",
    rollsBack: (undo) => `${undo} rolls everything back.`,
    tryAgain: (guard, undo) =>
      `The doors exist: ${guard} tries again, ${undo} rolls everything back.`,
    withoutTrial: "Protected from now on, also after a restart, without a trial.",
    alreadyProtected: "All services are protected already: there is no trial.",
  },
  {
    listening: (services) => `외부에서 접속할 수 있는 서비스: ${services}`,
    nothing: "없음",
    which: "어떤 서비스를 노크 뒤에 숨길까요?",
    where: "클라이언트는 이 서버에 어떤 이름이나 주소로 접속합니까?",
    sequence:
      "노크 순서(sequence)는 브라우저를 비롯한 모든 클라이언트가 쓸 수 있습니다. 패킷을 엿보는 사람은 따라 할 수 있습니다.",
    key: "키(key)는 Sesame의 knock이 있는 기기가 씁니다. 패킷을 추측할 수 없고, 따라 해도 다시 열리지 않습니다.",
    way: "문을 무엇으로 엽니까? sequence, key, both",
    from: "노크는 어느 주소에서 옵니까? 모르면 any",
    logins: (addresses) => `최근 로그인: ${addresses}`,
    device: "기기의 이름은 무엇입니까? PERSON/DEVICE",
    isThere: (door, service, change) => `[${door}] 문이 이미 ${service} 서비스를 엽니다: ${change}`,
    stays: "그대로 둡니다",
    alsoTo: (device) => `${device} 기기에도 키로 엽니다`,
    opens: (door, service, time, to) =>
      `[${door}] 문은 ${to.join(" 또는 ")}에 ${service} 서비스를 ${koreanDuration(time)} 동안 엽니다`,
    bySteps: (steps) => `${steps} 순서로 노크한 주소`,
    byKey: (device) => `키로 노크한 기기 ${device}`,
    inTheClear:
      "패킷을 엿볼 수 있는 사람은 노크를 따라 할 수 있습니다. 노크는 암호화하지 않은 비밀번호와 같습니다.",
    keyWorth:
      "키 노크는 추측할 수 없고, 따라 해도 다시 열리지 않습니다. 키가 있는 기기와 맞는 시계가 필요합니다. 노크 순서 없이 쓴다면 콘솔처럼 다른 길을 마련해 두십시오.",
    both: "둘 다 쓰면 문의 안전은 노크 순서만큼입니다.",
    password: "서비스에는 여전히 좋은 비밀번호가 필요합니다.",
    unchanged: (file) => `${file} 파일은 그대로 둡니다.`,
    gets: (file) => `${file} 파일을 이렇게 고칩니다:`,
    getsLock: (file, device) => `${file} 파일에 ${device} 기기의 새 자물쇠를 넣습니다.`,
    next: (steps) => `그다음: ${steps}.`,
    reload: "knockd가 설정을 다시 읽음",
    proof: "네트워크 네임스페이스에서 시험 노크",
    protectedOnTrial: (services) => `${services} 시험 보호`,
    protectedNow: (services) => `${services} 보호`,
    doIt: "진행할까요?",
    doItAllTheSame: "그래도 진행할까요?",
    nothingChanged: "아무것도 바꾸지 않았습니다.",
    dryRun: "아무것도 바꾸지 않았습니다(--dry-run). 다음에는 다른 노크 순서를 고릅니다.",
    written: (file) => `${file} 파일을 썼습니다`,
    backup: (file) => `백업: ${file}`,
    enrolled: (file, device) => `${file} 파일에 ${device} 기기의 새 자물쇠를 넣었습니다`,
    reloaded: "knockd가 설정을 다시 읽었습니다",
    runs: (command) => `knockd를 실행했습니다 (${command})`,
    noBoot: "부팅할 때 knockd를 시작하는 것이 없습니다. 직접 마련하십시오",
    notTested: "문이 열리는지는 시험하지 않았습니다",
    onlyByKnock: "시험 보호 중에 서비스는 노크로만 열립니다",
    windows: "Windows에서(PowerShell에서는 && 대신 ;):",
    more: "knock.conf에 넣을 내용과 QR 코드:",
    ssh: "~/.ssh/config에 넣으면 ssh가 스스로 노크합니다:",
    lastResort: "다른 방법이 없을 때는 이 서버의 콘솔에서 root로:",
    unprotect: "모든 접속을 다시 받습니다. knockd가 죽어 있어도 됩니다",
    undo: "이번 init을 되돌립니다",
    rollsBack: (undo) => `${undo} 명령이 모두 되돌립니다.`,
    tryAgain: (guard, undo) =>
      `문은 만들어져 있습니다. ${guard} 명령으로 다시 시도하고, ${undo} 명령으로 모두 되돌립니다.`,
    withoutTrial: "이제부터, 다시 시작한 뒤에도 보호합니다. 시험은 하지 않습니다.",
    alreadyProtected: "모든 서비스를 이미 보호하고 있어서 시험하지 않습니다.",
  },
);

export interface InitWords {
  readonly listening: (services: string) => string;
  readonly nothing: string;
  readonly which: string;
  readonly where: string;
  readonly sequence: string;
  readonly key: string;
  readonly way: string;
  readonly from: string;
  readonly logins: (addresses: string) => string;
  readonly device: string;
  readonly isThere: (door: string, service: string, change: string) => string;
  readonly stays: string;
  readonly alsoTo: (device: string) => string;
  /** `to` has `bySteps`, `byKey` or both. */
  readonly opens: (door: string, service: string, time: string, to: readonly string[]) => string;
  readonly bySteps: (steps: string) => string;
  readonly byKey: (device: string) => string;
  readonly inTheClear: string;
  readonly keyWorth: string;
  readonly both: string;
  readonly password: string;
  readonly unchanged: (file: string) => string;
  readonly gets: (file: string) => string;
  readonly getsLock: (file: string, device: string) => string;
  readonly next: (steps: string) => string;
  readonly reload: string;
  readonly proof: string;
  readonly protectedOnTrial: (services: string) => string;
  readonly protectedNow: (services: string) => string;
  readonly doIt: string;
  readonly doItAllTheSame: string;
  readonly nothingChanged: string;
  readonly dryRun: string;
  readonly written: (file: string) => string;
  readonly backup: (file: string) => string;
  readonly enrolled: (file: string, device: string) => string;
  readonly reloaded: string;
  readonly runs: (command: string) => string;
  readonly noBoot: string;
  readonly notTested: string;
  readonly onlyByKnock: string;
  readonly windows: string;
  readonly more: string;
  readonly ssh: string;
  readonly lastResort: string;
  readonly unprotect: string;
  readonly undo: string;
  readonly rollsBack: (undo: string) => string;
  readonly tryAgain: (guard: string, undo: string) => string;
  readonly withoutTrial: string;
  readonly alreadyProtected: string;
}
