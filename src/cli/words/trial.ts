import { catalogue } from "./catalogue.ts";
import { koreanDuration } from "./translate.ts";

/** What `knockctl guard` and `knockctl init` say of a trial. */
export const trialWords: () => TrialWords = catalogue<TrialWords>(
  {
    onTrial: (time, services) => `On trial for ${time}: ${services}`,
    needKnock: "New connections need a knock now, yours too. Existing sessions continue.",
    stepOne: "1. On the client, knock, and log in by a NEW connection:",
    stepTwo: "2. There, type:",
    console: "Or at this console, which proves nothing:",
    ends: (time) =>
      `Then the protection stays, also after a restart. Without step 2 within ${time}, the kernel removes it, even if this terminal or knockd ends. Ctrl-C only stops waiting.`,
    byKey: "Or by key:",
    profile: "NAME is the profile of a device with a key (knock --list). ",
    profileOpens: (doors) => `Its profile opens ${doors} if its Door names them.`,
    lostDaemon: (services, time) =>
      `The connection to knockd is lost. Unless it was confirmed, ${services} is as before ${time} after the start.`,
    again: (command) => `Try again: ${command}`,
    kept: (services) => `Confirmed: ${services} stays protected.`,
    lost: (services) => `Not confirmed: ${services} is as before.`,
    goesOn: "The trial goes on until its end, without this terminal.",
    noKeyKnock: (door, from) =>
      `No knock by key${from === "" ? "" : ` from ${from}`} has opened [${door}]. If no line above says why, no packet of a device that may open it has come: a firewall on the way drops the UDP port of its profile (KnockPort), or the device has another key.`,
    noKnock: (door, from, counts, why) =>
      `No knock${from === "" ? "" : ` from ${from}`} has opened [${door}]. Packets that came: ${counts}. ${why}`,
    byOthers: (others) =>
      `A knock from ${others} has opened it. If that is you, confirm from there.`,
    wrongOrder:
      "A packet for each port has come, but not in the right order or not in time: knock again, for example with -d 500.",
    missing: (ports) =>
      `No packet for ${ports} has come: if you have knocked, a firewall on the way drops it. Let these ports pass there. Cloud servers have such a firewall: the "security group".`,
    progress: (time, doors) =>
      `confirm within ${time}; ${doors === "" ? "no knock yet" : `a knock has opened ${doors}`}`,
    confirmed: (services) => `Protected from now on, also after a restart: ${services}`,
    confirmedDoors: (doors) => `New connections need a knock: ${doors}.`,
    unproven: (doors) => `Not proven by a knock since the trial began: ${doors}.`,
    remove: (command) => `To remove the protection: ${command}`,
    rest: (services, time) =>
      `Not confirmed, and on trial for ${time} more: ${services}. Knock there, too, and confirm again. Or confirm it without that proof:`,
  },
  {
    onTrial: (time, services) => `${koreanDuration(time)} 동안 시험 삼아 보호합니다: ${services}`,
    needKnock:
      "이제 새 접속은 노크해야 합니다. 여러분의 접속도 그렇습니다. 이미 맺어진 접속은 계속됩니다.",
    stepOne: "1. 클라이언트에서 노크하고, 새로 접속하십시오:",
    stepTwo: "2. 새로 접속한 곳에서 실행하십시오:",
    console: "또는 이 콘솔에서. 다만 노크는 확인되지 않습니다:",
    ends: (time) =>
      `그러면 보호가 유지되고, 다시 시작해도 그대로입니다. ${koreanDuration(time)} 안에 2번을 하지 않으면 이 터미널이나 knockd가 끝나도 커널이 보호를 풉니다. Ctrl-C는 기다리는 것만 멈춥니다.`,
    byKey: "또는 키로:",
    profile: "NAME은 키가 있는 기기의 프로필입니다(knock --list). ",
    profileOpens: (doors) => `프로필의 Door에 적혀 있으면 ${doors} 문을 엽니다.`,
    lostDaemon: (services, time) =>
      `knockd와 연결이 끊겼습니다. 확인하지 않았다면 시작한 지 ${koreanDuration(time)} 뒤에 ${services} 서비스는 전과 같아집니다.`,
    again: (command) => `다시 하려면: ${command}`,
    kept: (services) => `확인했습니다: ${services} 서비스를 계속 보호합니다.`,
    lost: (services) => `확인하지 않았습니다: ${services} 서비스는 전과 같습니다.`,
    goesOn: "시험은 이 터미널 없이 끝까지 계속됩니다.",
    noKeyKnock: (door, from) =>
      `${from === "" ? "" : `${from}의 `}키 노크로 [${door}] 문이 열리지 않았습니다. 위에 이유가 없다면 문을 열 수 있는 기기의 패킷이 오지 않은 것입니다. 중간의 방화벽이 프로필의 UDP 포트(KnockPort)를 막거나, 기기의 키가 다릅니다.`,
    noKnock: (door, from, counts, why) =>
      `${from === "" ? "" : `${from}의 `}노크로 [${door}] 문이 열리지 않았습니다. 도착한 패킷: ${counts}. ${why}`,
    byOthers: (others) => `${others}의 노크로 열렸습니다. 여러분이라면 그곳에서 확인하십시오.`,
    wrongOrder:
      "포트마다 패킷이 왔지만 순서가 틀렸거나 시간이 지났습니다. -d 500처럼 간격을 두고 다시 노크하십시오.",
    missing: (ports) =>
      `${ports} 포트의 패킷이 오지 않았습니다. 노크했다면 중간의 방화벽이 막은 것입니다. 그 포트를 허용하십시오. 클라우드 서버의 "보안 그룹"도 그런 방화벽입니다.`,
    progress: (time, doors) =>
      `${koreanDuration(time)} 안에 확인하십시오. ${doors === "" ? "아직 노크가 없습니다" : `노크로 ${doors} 문이 열렸습니다`}`,
    confirmed: (services) => `이제부터, 다시 시작한 뒤에도 보호합니다: ${services}`,
    confirmedDoors: (doors) => `새 접속은 노크해야 합니다: ${doors}.`,
    unproven: (doors) => `시험을 시작한 뒤로 노크로 확인되지 않았습니다: ${doors}.`,
    remove: (command) => `보호를 풀려면: ${command}`,
    rest: (services, time) =>
      `아직 확인하지 않았고 ${koreanDuration(time)} 더 시험합니다: ${services}. 그 문에도 노크하고 다시 확인하십시오. 노크 없이 확인하려면:`,
  },
);

export interface TrialWords {
  readonly onTrial: (time: string, services: string) => string;
  readonly needKnock: string;
  readonly stepOne: string;
  readonly stepTwo: string;
  readonly console: string;
  readonly ends: (time: string) => string;
  readonly byKey: string;
  readonly profile: string;
  readonly profileOpens: (doors: string) => string;
  readonly lostDaemon: (services: string, time: string) => string;
  readonly again: (command: string) => string;
  readonly kept: (services: string) => string;
  readonly lost: (services: string) => string;
  readonly goesOn: string;
  /** `from` is empty if the source is unknown. */
  readonly noKeyKnock: (door: string, from: string) => string;
  readonly noKnock: (door: string, from: string, counts: string, why: string) => string;
  readonly byOthers: (others: string) => string;
  readonly wrongOrder: string;
  readonly missing: (ports: string) => string;
  /** `doors` is empty if none was opened. */
  readonly progress: (time: string, doors: string) => string;
  readonly confirmed: (services: string) => string;
  readonly confirmedDoors: (doors: string) => string;
  readonly unproven: (doors: string) => string;
  readonly remove: (command: string) => string;
  readonly rest: (services: string, time: string) => string;
}
