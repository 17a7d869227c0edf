import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { doctorFacts, doctorQuestion } from "../../../../test/support/doctor.ts";
import { plainScreen } from "../../screen.ts";
import { textWidth } from "../../text-width.ts";
import { findFaults } from "./findings.ts";
import { jsonReport } from "./json.ts";
import { formatFacts, formatInvitation, formatVerdict } from "./output.ts";
import { judge } from "./verdict.ts";

beforeEach(() => {
  vi.stubEnv("LC_ALL", "");
  vi.stubEnv("LC_MESSAGES", "");
  vi.stubEnv("LANG", "ko_KR.UTF-8");
});
afterEach(() => vi.unstubAllEnvs());

const { survey, daemon } = doctorFacts();
const interfaces = [{ name: "eth0", isUp: false, addresses: ["192.0.2.1"] }];
const checked = {
  ...{ file: "/etc/knockd.conf", usable: true, doors: 1 },
  problems: [
    {
      ...({ severity: "warning", line: 8, column: 45 } as const),
      message: '"–p" begins with a typographic dash',
      hint: "was -- or - meant? knockctl migrate --repair fixes it",
    },
  ],
};
const facts = doctorFacts(
  { checked, survey: { ...survey, managers: ["ufw"], isClockSynchronized: false, interfaces } },
  {
    isConfigStale: true,
    blocked: [
      {
        ...{ service: "tcp/22", hasExceptions: false, remedies: [] },
        message: "ufw blocks tcp/22, also for sources that have knocked",
        hints: ["sudo ufw allow 22/tcp"],
      },
    ],
  },
);
const findings = findFaults(facts, doctorQuestion);

function verdictOf(changed: typeof facts) {
  const question = doctorQuestion;
  return judge({
    ...{ facts: changed, findings: findFaults(changed, question), question, session: undefined },
    ...{ isDry: false, sequences: [], host: "server", interfaces: ["eth0"] },
    typed: question.typed,
  });
}

test("what is found is told in Korean, in columns", () => {
  const uptime = /\d+(?:\.\d+)?[smhd](?: \d+[smhd])?$/gm;
  const text = formatFacts(facts, findings, plainScreen).replace(uptime, "TIME");
  expect(text).toMatchInlineSnapshot(`
    "knockd   0.1.0 실행 중, 프로세스 812, 가동 시간 3일 4시간
    설정     /etc/knockd.conf, 문 1개, knockd가 읽은 뒤에 바뀜
    받는 곳  eth0 (꺼짐) 192.0.2.1
    방화벽   nftables, 보호: tcp/22; 함께 쓰는 도구: ufw
    커널     Linux 6.1.0-18-amd64, nft 1.0.6
    시계     동기화되지 않음
    문제: ufw: 노크한 주소도 tcp/22 서비스에 접속하지 못하게 막습니다
    힌트: sudo ufw allow 22/tcp
    문제: knockd가 읽은 뒤에 /etc/knockd.conf 파일이 바뀌었습니다
    힌트: sudo knockctl reload
    문제: eth0 인터페이스가 꺼져 있어서(down) 패킷이 들어오지 않습니다
    힌트: ip link set eth0 up
    경고: /etc/knockd.conf:8: "–p" 앞의 대시가 일반 하이픈이 아닙니다
    힌트: -- 또는 -를 쓰려던 것 아닙니까? knockctl migrate --repair로 고칠 수 있습니다
    "
  `);
  const [first = "", ...rows] = text.split("\n").slice(0, 6);
  const begin = (row: string) => textWidth(/^(?:\S+ )*\S+ {2,}/.exec(row)?.[0] ?? "");
  expect(rows.map(begin)).toEqual(rows.map(() => begin(first)));
});

test("the verdict is Korean, and the commands are not", () => {
  expect(formatVerdict(verdictOf(facts), plainScreen)).toBe(
    "\n결론: ufw: 노크한 주소도 tcp/22 서비스에 접속하지 못하게 막습니다 (그 밖에 문제 2개)\n다음: sudo ufw allow 22/tcp\n",
  );
  expect(formatVerdict(verdictOf(doctorFacts()), plainScreen)).toBe(
    "\n결론: 이 서버에는 문제가 없습니다. 노크가 도착하는지는 시험하지 않았습니다\n다음: sudo knockctl doctor ssh\n",
  );
  const stopped = verdictOf(doctorFacts({ daemon: undefined }));
  expect(formatVerdict(stopped, plainScreen)).toContain("결론: knockd가 실행 중이 아닙니다\n");
});

test("the invitation to knock is Korean", () => {
  const dry = "Dry run: until this command ends, no knock opens anything.";
  const lines = ["knock -d 200 server 7003 9140:udp 8455"];
  expect(formatInvitation(lines, { seconds: "1m", dry }, plainScreen)).toBe(`
이제 클라이언트에서 노크하십시오(1분, Ctrl-C를 누르면 끝남):

    knock -d 200 server 7003 9140:udp 8455

시험 실행: 이 명령이 끝날 때까지 어떤 노크로도 문이 열리지 않습니다.
`);
});

test("JSON is English", () => {
  const parts = { facts, findings, session: undefined, verdict: verdictOf(facts) };
  expect(daemon).toBeDefined();
  expect(JSON.stringify(jsonReport(parts))).not.toMatch(/\p{Script=Hangul}/u);
});
