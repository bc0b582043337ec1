/**
 * Whom the operator gave a certificate that may be valid still: a DataProcessingUnit may go while no operator runs, and
 * is to be revoked all the same.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type DataProcessingUnit, dataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import { labels, trustNames } from '../../api/names/names.ts';
import { configMap, type Informer, isNotFound, type KubeStore } from '../../kube/index.ts';
import type { Revocation } from '../../trust/bundle.ts';
import { type Identity, identityUri, parseIdentity } from '../../trust/identity.ts';
import { IssuedIndex } from './issued-index.ts';
import { expiredBefore, type Issued, mayBeValid, revocationLookUp } from './revocations.ts';

/**
 * The API server takes 1 MiB in a ConfigMap, some 5,000 identities, and each certificate is a write of a whole one: an identity is
 * in the ConfigMap of the first digit of its key, one of sixteen.
 */
const shardOf = (key: string): string => `${trustNames.issuedPrefix}${key.slice(0, 1)}`;

const entrySchema = z.object({ identity: z.string(), issued: z.number() });

export class IssuedIdentities {
  readonly #store: KubeStore;
  readonly #namespace: string;
  readonly #dpus: Informer<DataProcessingUnit>;
  #reading: Promise<IssuedIndex> | undefined;
  #known: IssuedIndex | undefined;
  /** Those whose DataProcessingUnit the cache has not, or has on another node: kept in step, since each certificate asks for them. */
  readonly #suspects = new Set<string>();

  constructor(store: KubeStore, namespace: string, dpus: Informer<DataProcessingUnit>) {
    this.#store = store;
    this.#namespace = namespace;
    this.#dpus = dpus;
    dpus.onChange(({ metadata }) => {
      for (const identity of this.#known?.ofDpu(metadata.name) ?? []) this.#suspect(identity);
    });
  }

  /** By identity; read once, since only the operator that leads writes it. */
  async all(): Promise<Issued> {
    return (await this.#index()).issued;
  }

  /** To be awaited before the certificate is handed out. @param issued milliseconds since 1970 */
  async add(identity: string, issued: number): Promise<void> {
    const index = await this.#index();
    await this.#patch({ [keyOf(identity)]: entry(identity, issued) });
    index.add(identity, issued);
    this.#suspect(identity);
  }

  /**
   * Those whose DataProcessingUnit is gone for certain, or is another node's now.
   *
   * @param revoked those that it revokes already are left out: each is a question to the API server
   */
  async gone(revoked: readonly Revocation[], now: number): Promise<string[]> {
    const { issued } = await this.#index();
    const isRevoked = revocationLookUp(revoked);
    const gone: string[] = [];
    for (const identity of [...this.#suspects]) {
      const at = issued.get(identity);
      if (at === undefined || !mayBeValid(at, now) || isRevoked(identity, at)) continue;
      if (await this.#isGone(identity)) gone.push(identity);
    }
    return gone;
  }

  /** How many other identities of its node, on both sides, may have a valid certificate. */
  async othersOfNode(identity: Identity, now: number): Promise<number> {
    const index = await this.#index();
    const own = identityUri(identity);
    const isValid = (uri: string) => mayBeValid(index.issued.get(uri) ?? 0, now);
    return index.ofNode(identity.node).filter((uri) => uri !== own && isValid(uri)).length;
  }

  async #isGone(identity: string): Promise<boolean> {
    const parsed = parseIdentity(identity);
    if (!parsed) return false;
    const cached = this.#dpus.get(parsed.dpu);
    if (cached && isOf(parsed, cached)) return false;
    if (await this.#store.isAbsent(dataProcessingUnit, parsed.dpu)) return true;
    // Another node's: the cache may be behind.
    const dpu = cached && (await this.#store.get(dataProcessingUnit, parsed.dpu));
    return dpu !== undefined && !isOf(parsed, dpu);
  }

  /** Drops those whose certificates have expired. */
  async prune(now: number): Promise<void> {
    const index = await this.#index();
    const expired = index.issuedBefore(expiredBefore(now));
    if (expired.length === 0) return;
    await this.#patch(Object.fromEntries(expired.map((identity) => [keyOf(identity), null])));
    for (const identity of expired) {
      index.delete(identity);
      this.#suspects.delete(identity);
    }
  }

  #suspect(identity: string): void {
    const parsed = parseIdentity(identity);
    const cached = parsed && this.#dpus.get(parsed.dpu);
    if (parsed && cached && isOf(parsed, cached)) this.#suspects.delete(identity);
    else this.#suspects.add(identity);
  }

  async #index(): Promise<IssuedIndex> {
    this.#reading ??= this.#read().catch((error) => {
      this.#reading = undefined;
      throw error;
    });
    return await this.#reading;
  }

  async #read(): Promise<IssuedIndex> {
    const shards = { namespace: this.#namespace, labelSelector: labels.issued };
    const { items } = await this.#store.list(configMap, shards);
    const entries = items.flatMap(({ data }) => Object.values(data ?? {}).flatMap(readEntry));
    this.#known = new IssuedIndex(entries);
    for (const { identity } of entries) this.#suspect(identity);
    return this.#known;
  }

  /** @param data by key; null takes an entry away */
  async #patch(data: Record<string, string | null>): Promise<void> {
    const byShard = Map.groupBy(Object.entries(data), ([key]) => shardOf(key));
    for (const [name, entries] of byShard) await this.#patchShard(name, Object.fromEntries(entries));
  }

  async #patchShard(name: string, data: Record<string, string | null>): Promise<void> {
    try {
      await this.#store.patch(configMap, name, this.#namespace, { data });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const known = [...(this.#known?.issued ?? [])].map(([identity, issued]) => [
        keyOf(identity),
        entry(identity, issued),
      ]);
      const own = known.filter(([key]) => shardOf(key ?? '') === name);
      const all = Object.entries({ ...Object.fromEntries(own), ...data }).filter(([, text]) => text !== null);
      await this.#store.create(configMap, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: this.#namespace, labels: { [labels.issued]: '' } },
        data: Object.fromEntries(all),
      });
    }
  }
}

/** Whether an identity is that of a DataProcessingUnit. */
export function isOf({ node, side }: Identity, { spec }: DataProcessingUnit): boolean {
  return spec.nodeName === node && spec.isDpuSide === (side === 'dpu');
}

function entry(identity: string, issued: number): string {
  return JSON.stringify({ identity, issued });
}

/** Keys of a ConfigMap have no slashes. */
function keyOf(identity: string): string {
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

/** One that somebody has broken is as one that is not there. */
function readEntry(text: string): z.infer<typeof entrySchema>[] {
  try {
    return [entrySchema.parse(JSON.parse(text))];
  } catch {
    return [];
  }
}
