/** The name with its first letter in upper case: how a handler's or a proxy's name becomes an rpc's. */
export function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** The name with its first letter in lower case. */
export function uncapitalised(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
