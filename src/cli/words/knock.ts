import { catalogue } from "./catalogue.ts";
import { koreanDuration } from "./translate.ts";

/** What `knock` says while it waits, which knockd's client does not do. */
export const knockWords: () => KnockWords = catalogue<KnockWords>(
  {
    sending: (label, knock, sent) => `${label}: knock ${knock}, packet ${sent}`,
    of: (count, all) => `${count} of ${all}`,
    waiting: (label, service, time) => `${label}: waiting for ${service}, ${time}`,
    again: (label, service, pause) => `${label}: ${service} stays closed, again in ${pause}`,
    wasOpen: (service) => `${service} was open before the knock, too`,
    isOpen: (service, time) => `${service} is open (${time})`,
    service: (port, address) => `${port} of ${address}`,
    afterKnocks: (knocks) => ` after ${knocks} knocks`,
    unreachable: (service, after, reason) => `${service} is unreachable${after}: ${reason}`,
    rejected: "a firewall that rejects, such as firewalld, may cause this, too: the door is closed",
    refused: (service, after) =>
      `${service} is refused: the machine answers, but the door is closed or nothing listens behind it${after}`,
    silent: (service, after) =>
      `no answer from ${service}${after}: host down, wrong address, or packets dropped`,
    slower: "-d 200 pauses between packets, --retry 3 knocks again",
  },
  {
    sending: (label, knock, sent) => `${label}: 노크 ${knock}, 패킷 ${sent}`,
    of: (count, all) => `${all} 중 ${count}`,
    waiting: (label, service, time) => `${label}: ${service} 기다리는 중, ${koreanDuration(time)}`,
    again: (label, service, pause) =>
      `${label}: ${service} 아직 닫혀 있음, ${koreanDuration(pause)} 뒤에 다시 노크합니다`,
    wasOpen: (service) => `${service} 포트는 노크하기 전에도 열려 있었습니다`,
    isOpen: (service, time) => `${service} 포트가 열렸습니다 (${koreanDuration(time)})`,
    service: (port, address) => `${address}의 ${port}`,
    afterKnocks: (knocks) => ` (노크 ${knocks}번)`,
    unreachable: (service, after, reason) =>
      `${service} 포트에 도달할 수 없습니다${after}: ${reason}`,
    rejected: "firewalld처럼 거부하는 방화벽 때문일 수도 있습니다. 문이 닫혀 있습니다",
    refused: (service, after) =>
      `${service} 포트가 거부했습니다${after}: 서버는 응답하지만 문이 닫혀 있거나 듣는 것이 없습니다`,
    silent: (service, after) =>
      `${service} 포트가 응답하지 않습니다${after}: 서버가 꺼졌거나, 주소가 틀렸거나, 패킷이 버려집니다`,
    slower: "-d 200은 패킷 사이를 쉬고, --retry 3은 다시 노크합니다",
  },
);

export interface KnockWords {
  readonly sending: (label: string, knock: string, sent: string) => string;
  readonly of: (count: string, all: string) => string;
  readonly waiting: (label: string, service: string, time: string) => string;
  readonly again: (label: string, service: string, pause: string) => string;
  readonly wasOpen: (service: string) => string;
  readonly isOpen: (service: string, time: string) => string;
  readonly service: (port: string, address: string) => string;
  /** Follows on a service. */
  readonly afterKnocks: (knocks: string) => string;
  readonly unreachable: (service: string, after: string, reason: string) => string;
  readonly rejected: string;
  readonly refused: (service: string, after: string) => string;
  readonly silent: (service: string, after: string) => string;
  readonly slower: string;
}
