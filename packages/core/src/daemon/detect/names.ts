/** Which object a detected DPU has: a name stays the same as long as the DPU is served. Pure. */
import { type DetectedDpu, objectName } from '@dpu-operator/sdk/manifest';
import { shorten } from '../../api/index.ts';
import type { KnownDpu } from './known-dpu.ts';

/** Kubernetes' limit for names of objects. */
const longestName = 253;

/** Another DPU of this node has the identifier. */
export interface NameConflict {
  served: KnownDpu;
  refused: DetectedDpu;
}

export interface Named {
  named: DetectedDpu[];
  conflicts: NameConflict[];
}

/**
 * A DPU that several plugins detect stays with the one that had it; a new one is the first's. Two cards that say they are
 * the same cannot be told apart: the first is served.
 */
export function assignNames(detected: readonly DetectedDpu[], known: readonly KnownDpu[]): Named {
  const byName = new Map<string, DetectedDpu>();
  const conflicts: NameConflict[] = [];
  const matched = new Set(detected.flatMap((dpu) => sameIdentifier(dpu, known)?.name ?? []));
  const missing = known.filter(({ name }) => !matched.has(name));
  for (const found of detected) {
    const before = sameIdentifier(found, known) ?? sameFunctions(found, missing);
    const dpu = {
      ...found,
      name: before?.name ?? shorten(found.name, longestName),
      identifier: before?.identifier ?? found.identifier,
    };
    const rival = byName.get(dpu.name) ?? (before ? undefined : known.find(({ name }) => name === dpu.name));
    if (rival && areDifferent(rival, dpu)) conflicts.push({ served: rival, refused: dpu });
    else if (!rival || before?.plugin === dpu.plugin) byName.set(dpu.name, dpu);
  }
  return { named: [...byName.values()], conflicts };
}

/** The name of a DPU whose plain name another node's has. */
export function nameBehindNode({ identifier, side }: DetectedDpu, nodeName: string): string {
  return shorten(objectName(`${identifier}-${nodeName}`, side), longestName);
}

function sameIdentifier(found: DetectedDpu, known: readonly KnownDpu[]): KnownDpu | undefined {
  return known.find(({ side, identifier, name }) => {
    if (side !== found.side) return false;
    return identifier === undefined ? name === found.name : identifier === found.identifier;
  });
}

/**
 * The same card under another identifier: one made of a MAC address changes when somebody sets another address, and one
 * made of a serial number while that cannot be read.
 */
function sameFunctions(found: DetectedDpu, missing: readonly KnownDpu[]): KnownDpu | undefined {
  return missing.find(
    (dpu) =>
      dpu.side === found.side &&
      dpu.plugin === found.plugin &&
      dpu.productName === found.productName &&
      mayChange(dpu, found) &&
      overlap(dpu, found),
  );
}

const mayChange = (before: KnownDpu, now: DetectedDpu): boolean =>
  (holdsMac(before.identifier ?? '') && holdsMac(now.identifier)) || Boolean(before.byFallback || now.byFallback);

const holdsMac = (identifier: string): boolean => /([0-9a-f]{2}:){5}[0-9a-f]{2}/i.test(identifier);

function areDifferent(a: KnownDpu, b: KnownDpu): boolean {
  if (a.identifier !== b.identifier) return true;
  return Boolean(a.functions?.length && b.functions?.length) && !overlap(a, b);
}

function overlap(a: Pick<KnownDpu, 'functions'>, b: Pick<KnownDpu, 'functions'>): boolean {
  const addresses = new Set(a.functions?.map(({ address }) => address));
  return Boolean(b.functions?.some(({ address }) => addresses.has(address)));
}
