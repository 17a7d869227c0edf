// The values in requests and results, checked. Results are read leniently: a later version may add members.
import * as v from "valibot";
import type { Address } from "../base/address.ts";
import { parseAddress } from "../base/address.ts";
import { longestDuration } from "../base/duration.ts";
import { formatService, parseService } from "../base/service.ts";

type Schema<T> = v.GenericSchema<unknown, T>;

/** Longer than a line of any configuration that a person wrote. */
const longestName = 1000;

/** Of a person, a slash, and a device. */
const longestDevice = 32 + 1 + 32;

export const address: Schema<Address> = v.pipe(
  v.string("expected an address"),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const parsed = parseAddress(dataset.value);
    if (parsed !== undefined) return parsed;
    addIssue({ message: "expected an IPv4 or IPv6 address" });
    return NEVER;
  }),
);

export const doorName: Schema<string> = v.pipe(
  v.string("expected the name of a door"),
  v.minLength(1, "the name of a door is not empty"),
  v.maxLength(longestName, `the name of a door has at most ${longestName} characters`),
  v.check((name) => !name.includes("\n"), "the name of a door is one line"),
);

export const deviceName: Schema<string> = v.pipe(
  v.string("expected the name of a device"),
  v.maxLength(longestDevice, `the name of a device has at most ${longestDevice} characters`),
);

/** Milliseconds that a client asks for. */
export const length: Schema<number> = v.pipe(
  v.number("expected a number of milliseconds"),
  v.integer("expected a whole number of milliseconds"),
  v.minValue(1, "expected at least 1 millisecond"),
  v.maxValue(longestDuration, "that is more than a hundred years"),
);

/** How many a client wants. */
export const count: Schema<number> = v.pipe(
  v.number("expected a number"),
  v.integer("expected a whole number"),
  v.minValue(1, "expected at least 1"),
  v.maxValue(100_000, "at most 100000"),
);

export const flag: Schema<boolean> = v.boolean("expected true or false");
/** A member that a client either sets or leaves out. */
export const yes: Schema<true> = v.literal(true, "expected true");

/** A service as a client writes it; `tcp/22` afterwards. */
const service: Schema<string> = v.pipe(
  v.string("expected a service, such as tcp/22"),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const parsed = parseService(dataset.value);
    if (parsed !== undefined) return formatService(parsed);
    addIssue({ message: "expected a service, such as tcp/22, udp/51820 or icmp" });
    return NEVER;
  }),
);

export const services: Schema<readonly string[]> = v.pipe(
  v.array(service, "expected a list of services"),
  v.minLength(1, "expected at least one service"),
);

export const port: Schema<number> = v.pipe(
  v.number("expected a port"),
  v.integer("expected a port"),
  v.minValue(1, "expected a port from 1 to 65535"),
  v.maxValue(65_535, "expected a port from 1 to 65535"),
);

/** What the daemon counts, and milliseconds that it tells. */
export const amount: Schema<number> = v.pipe(v.number(), v.integer(), v.minValue(0));
export const moment: Schema<Date> = v.pipe(v.string(), v.isoTimestamp(), v.toDate());
export const texts: Schema<readonly string[]> = v.array(v.string());

/** Returns the schema of a list; the daemon's own lists may be read-only. */
export function listOf<T>(item: Schema<T>): Schema<readonly T[]> {
  return v.array(item);
}
