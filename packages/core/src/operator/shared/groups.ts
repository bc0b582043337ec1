const none: ReadonlySet<string> = new Set();

/** Members by group, in the order in which they came. A group without members is not kept. */
export class Groups {
  readonly #members = new Map<string, Set<string>>();

  of(group: string): ReadonlySet<string> {
    return this.#members.get(group) ?? none;
  }

  add(group: string, member: string): void {
    const members = this.#members.get(group);
    if (members) members.add(member);
    else this.#members.set(group, new Set([member]));
  }

  delete(group: string, member: string): void {
    const members = this.#members.get(group);
    members?.delete(member);
    if (members?.size === 0) this.#members.delete(group);
  }
}
