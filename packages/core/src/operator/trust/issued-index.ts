/** Identities by what they are looked for, so that nobody walks through all of a fleet for one certificate. Pure. */
import { parseIdentity } from '../../trust/identity.ts';

export class IssuedIndex {
  /** By identity, in the order of their issue: when its last certificate was issued, in milliseconds since 1970. */
  readonly issued = new Map<string, number>();
  readonly #byNode = new Map<string, Set<string>>();
  readonly #byDpu = new Map<string, Set<string>>();

  constructor(entries: readonly { identity: string; issued: number }[] = []) {
    for (const { identity, issued } of entries.toSorted((a, b) => a.issued - b.issued)) this.add(identity, issued);
  }

  add(identity: string, issued: number): void {
    this.issued.delete(identity);
    this.issued.set(identity, issued);
    const parsed = parseIdentity(identity);
    if (!parsed) return;
    addTo(this.#byNode, parsed.node, identity);
    addTo(this.#byDpu, parsed.dpu, identity);
  }

  delete(identity: string): void {
    this.issued.delete(identity);
    const parsed = parseIdentity(identity);
    if (!parsed) return;
    deleteFrom(this.#byNode, parsed.node, identity);
    deleteFrom(this.#byDpu, parsed.dpu, identity);
  }

  /** Those of a node, on both sides. */
  ofNode(node: string): string[] {
    return [...(this.#byNode.get(node) ?? [])];
  }

  ofDpu(dpu: string): string[] {
    return [...(this.#byDpu.get(dpu) ?? [])];
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

function addTo(index: Map<string, Set<string>>, word: string, identity: string): void {
  const identities = index.get(word) ?? new Set<string>();
  identities.add(identity);
  index.set(word, identities);
}

function deleteFrom(index: Map<string, Set<string>>, word: string, identity: string): void {
  const identities = index.get(word);
  identities?.delete(identity);
  if (identities?.size === 0) index.delete(word);
}
