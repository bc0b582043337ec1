/** Identities by what they are looked for, so that nobody walks through all of a fleet for one certificate. Pure. */
import { parseIdentity } from '../../trust/identity.ts';
import { Groups } from '../shared/groups.ts';

export class IssuedIndex {
  /** By identity, in the order of their issue: when its last certificate was issued, in milliseconds since 1970. */
  readonly issued = new Map<string, number>();
  readonly #byNode = new Groups();
  readonly #byDpu = new Groups();

  constructor(entries: readonly { identity: string; issued: number }[] = []) {
    for (const { identity, issued } of entries.toSorted((a, b) => a.issued - b.issued)) this.add(identity, issued);
  }

  add(identity: string, issued: number): void {
    this.issued.delete(identity);
    this.issued.set(identity, issued);
    const parsed = parseIdentity(identity);
    if (!parsed) return;
    this.#byNode.add(parsed.node, identity);
    this.#byDpu.add(parsed.dpu, identity);
  }

  delete(identity: string): void {
    this.issued.delete(identity);
    const parsed = parseIdentity(identity);
    if (!parsed) return;
    this.#byNode.delete(parsed.node, identity);
    this.#byDpu.delete(parsed.dpu, identity);
  }

  /** Those of a node, on both sides. */
  ofNode(node: string): string[] {
    return [...this.#byNode.of(node)];
  }

  ofDpu(dpu: string): string[] {
    return [...this.#byDpu.of(dpu)];
  }

  /** The first of them, as long as they were issued before that time. */
  issuedBefore(time: number): string[] {
    const found: string[] = [];
    for (const [identity, issued] of this.issued) {
      if (issued >= time) break;
      found.push(identity);
    }
    return found;
  }
}
