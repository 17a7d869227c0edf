import { catalogue } from "./catalogue.ts";

/** The single words of `knockctl doctor`, which would be taken for names of doors among other texts. */
export const doctorWords: () => DoctorWords = catalogue<DoctorWords>(
  {
    configuration: "configuration",
    listening: "listening on",
    firewall: "firewall",
    kernel: "kernel",
    clock: "clock",
    kernelOpens: "kernel opens",
    unknown: "unknown",
    synchronized: "synchronized",
    nothing: "nothing",
    any: (interfaces) => `any: ${interfaces}`,
    problem: "problem",
    warning: "warning",
    hint: "hint",
    verdict: "verdict",
    next: "next",
  },
  {
    configuration: "설정",
    listening: "받는 곳",
    firewall: "방화벽",
    kernel: "커널",
    clock: "시계",
    kernelOpens: "커널이 여는 문",
    unknown: "알 수 없음",
    synchronized: "동기화됨",
    nothing: "없음",
    any: (interfaces) => `모두: ${interfaces}`,
    problem: "문제",
    warning: "경고",
    hint: "힌트",
    verdict: "결론",
    next: "다음",
  },
);

export interface DoctorWords {
  readonly configuration: string;
  readonly listening: string;
  readonly firewall: string;
  readonly kernel: string;
  readonly clock: string;
  readonly kernelOpens: string;
  readonly unknown: string;
  readonly synchronized: string;
  readonly nothing: string;
  readonly any: (interfaces: string) => string;
  readonly problem: string;
  readonly warning: string;
  readonly hint: string;
  readonly verdict: string;
  readonly next: string;
}
