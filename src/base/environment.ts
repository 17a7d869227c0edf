/** Variables of an environment, as Node has them. */
type Environment = Readonly<Record<string, string | undefined>>;

/** Where programs for administrators are: a user who became root may lack these. */
const folders = ["/usr/sbin", "/sbin"];

/** The same environment, in which programs for administrators are found, behind all that is in PATH already. */
export function withSystemPath(env: Environment): Record<string, string | undefined> {
  // An empty part would be the directory in which this process happens to be.
  const known = (env["PATH"] || "/usr/bin:/bin").split(":").filter((folder) => folder !== "");
  return { ...env, PATH: [...known, ...folders].join(":") };
}
