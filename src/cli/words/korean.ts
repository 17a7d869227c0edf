// What `knockctl` and `knock` show in Korean of texts that are English where they are made.
//
// One word for one thing, also in README.ko.md and docs/*.ko.md:
//
//   knock 노크                 door 문                    native door 내장 문
//   sequence 노크 순서         step 단계                  decoy 미끼 포트
//   key 키                     lock 자물쇠                device 기기
//   protect 보호               trial 시험 보호, 시험      confirm 확인
//   reload 설정 다시 읽기      undo, roll back 되돌리기   start 시작
//   lease 열린 문              source (노크한) 주소       ignore 무시
//   client 클라이언트          server 서버                gateway 게이트웨이
//   fleet 게이트웨이 묶음      store 저장소               users file 사용자 파일
//   directive 지시어           section 섹션               profile 프로필
//   error 오류                 warning 경고               hint 힌트
import { clientKorean } from "./korean/client.ts";
import { configKorean } from "./korean/config.ts";
import { consoleKorean } from "./korean/console.ts";
import { consoleCommandKorean } from "./korean/console-command.ts";
import { daemonKorean } from "./korean/daemon.ts";
import { doctorKorean } from "./korean/doctor.ts";
import { errnoKorean } from "./korean/errno.ts";
import { firewallKorean } from "./korean/firewall.ts";
import { initKorean } from "./korean/init.ts";
import { knocksKorean } from "./korean/knocks.ts";
import { profilesKorean } from "./korean/profiles.ts";
import { refusalsKorean } from "./korean/refusals.ts";
import { requestsKorean } from "./korean/requests.ts";
import { screenKorean } from "./korean/screen.ts";
import { systemKorean } from "./korean/system.ts";
import { trapsKorean } from "./korean/traps.ts";
import { usersKorean } from "./korean/users.ts";
import type { Localizer } from "./localize.ts";
import { localizer } from "./localize.ts";
import type { KoreanTexts } from "./translate.ts";

export const koreanTables: Readonly<Record<string, KoreanTexts>> = {
  clientKorean,
  configKorean,
  consoleCommandKorean,
  consoleKorean,
  daemonKorean,
  doctorKorean,
  errnoKorean,
  firewallKorean,
  initKorean,
  knocksKorean,
  profilesKorean,
  refusalsKorean,
  requestsKorean,
  screenKorean,
  systemKorean,
  trapsKorean,
  usersKorean,
};

/** Texts of `knockctl`: its own, the daemon's, and those about files. */
export const localize: Localizer = localizer(...Object.values(koreanTables));
