import { figure, summarize } from "../statistics.ts";

const rounds = 11;

/**
 * Times a task: prints the nanoseconds an operation takes, as median, middle half and range of 11 rounds.
 * `prepare` makes what a round needs, untimed; `task` does `operations` of them with it.
 */
export function measure<T>(
  name: string,
  operations: number,
  prepare: () => T,
  task: (prepared: T) => void,
): void {
  const round = () => {
    const prepared = prepare();
    const begin = performance.now();
    task(prepared);
    return ((performance.now() - begin) * 1e6) / operations;
  };
  // Until the compiler has seen enough of it.
  for (let i = 0; i < 3; i++) round();
  const summary = summarize(Array.from({ length: rounds }, round));
  if (summary === undefined) return;
  const { median, quartiles, least, most } = summary;
  const cells = [
    name.padEnd(58),
    figure(median).padStart(10),
    `${figure(quartiles[0])}..${figure(quartiles[1])}`.padStart(18),
    `${figure(least)}..${figure(most)}`.padStart(18),
  ];
  console.log(cells.join(" "));
}

/** The head of what `measure` prints. */
export function printHead(): void {
  const cells = ["ns an operation".padEnd(58), "median".padStart(10)];
  console.log([...cells, "middle half".padStart(18), "least..most".padStart(18)].join(" "));
}
