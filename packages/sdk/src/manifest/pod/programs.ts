import type { DpuSide } from '../detection/detect.ts';
import type { PluginManifest } from '../manifest.ts';

/**
 * The programs that a plugin runs on a side.
 *
 * @param side Those that it runs on both, where the side is not known.
 */
export function programsOf({ programs }: Pick<PluginManifest, 'programs'>, side: DpuSide | undefined): string[] {
  if (Array.isArray(programs)) return programs;
  const { host = [], dpu = [] } = programs;
  if (side === undefined) return host.filter((program) => dpu.includes(program));
  return side === 'host' ? host : dpu;
}
