/** In the order in which they run: what disturbs least comes first. */
export const groups = [
  'lifecycle',
  'devices',
  'bridge',
  'network-functions',
  'chains',
  'network-config',
  'errors',
  'concurrency',
  'leaks',
  'restart',
  'shutdown',
] as const;
/** What a check is about; `--only` takes these. */
export type Group = (typeof groups)[number];

/** The side that a VSP serves. */
export type Mode = 'host' | 'dpu';
