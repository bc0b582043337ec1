/** The harness of `dpu-vsp dev`. This file is the entry of a bundle; `node.mjs` beside it is the other. */
import { fileURLToPath } from 'node:url';
import { runHarness } from './harness.ts';
import { parseRequest } from './request.ts';

/**
 * Runs a plugin on two nodes that are network namespaces, until told to end.
 *
 * @param request what the SDK's command hands over
 * @returns the exit code
 * @throws DpuError when the machine lacks something, or the plugin's package is wrong
 */
export function dev(request: unknown): Promise<number> {
  return runHarness(parseRequest(request), fileURLToPath(new URL('node.mjs', import.meta.url)));
}
