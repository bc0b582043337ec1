/**
 * Which host and DPU sides belong to one card: they never change together, for pods would lose their way twice. Pure.
 * A host says with which DPU side it works, by the identity in that one's certificate. With plain text nobody knows: any
 * host may belong to any DPU side, so all hosts of plain text change while no such DPU side does, and the other way round.
 */
import type { DataProcessingUnit } from '../../../../api/kinds/data-processing-unit.ts';
import { parseIdentity } from '../../../../trust/identity.ts';

const anyPlain = 'of plain text';

/** The cards that a DPU is a side of: a card is named by the DataProcessingUnit of its DPU side. */
export function cardsOf({ metadata, spec, status }: DataProcessingUnit): string[] {
  if (spec.channel?.security === 'plain') return spec.isDpuSide ? [metadata.name, anyPlain] : [anyPlain];
  if (spec.isDpuSide) return [metadata.name];
  const { identity = '', peers = [] } = status?.channel ?? {};
  const installation = parseIdentity(identity)?.installation;
  const others = peers.flatMap((peer) => parseIdentity(peer) ?? []);
  // One of another cluster is another operator's to look after.
  return others.filter((peer) => peer.installation === installation).map(({ dpu }) => dpu);
}
