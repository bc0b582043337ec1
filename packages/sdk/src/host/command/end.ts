/** How the `dpu-vsp` command ends after a failure. */
import { DpuError, type ErrorCode } from '../../errors.ts';

/** Told by `dpu-vsp serve --help`; the operator reads them from a VSP's pod. */
const exitCodes: Partial<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 2,
  FAILED_PRECONDITION: 3,
  DEADLINE_EXCEEDED: 4,
};

/** The last line is what the kubelet keeps of a container that ended. */
export function endWith(error: unknown): never {
  const { code, message } = DpuError.from(error);
  // A bug is told with its stack, everything else in one line.
  const text = code === 'INTERNAL' && error instanceof Error ? (error.stack ?? message) : message;
  process.stderr.write(`dpu-vsp: ${text}\n`);
  process.exit(exitCodes[code] ?? 1);
}
