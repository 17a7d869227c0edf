/** A device of a person, and the groups that it is in. */
export interface Principal {
  /** `PERSON/DEVICE` */
  readonly name: string;
  readonly groups: readonly string[];
}

/** Returns whether a device is one of these: `PERSON`, `PERSON/DEVICE`, `@GROUP`. */
export function isAmongUsers(users: readonly string[], { name, groups }: Principal): boolean {
  const [person = ""] = name.split("/");
  return users.some((user) => {
    if (user.startsWith("@")) return groups.includes(user.slice(1));
    return user === name || user === person;
  });
}
