/**
 * The process that is one side: started by the harness in a network namespace that is its node, as the first process
 * of a process namespace. Answers the harness's requests, and ends with it.
 */
import { DpuError } from '@dpu-operator/sdk';
import { observeCalls } from '@dpu-operator/sdk/client';
import { createLogger } from '../../log.ts';
import { formatCall } from '../report/format-call.ts';
import { type Message, methods, request } from './protocol.ts';
import { Side } from './side.ts';

const send = (message: Message) => void process.send?.(message);
const side = new Side({
  logger: createLogger(),
  onPrinted: (line) => send({ kind: 'printed', line }),
  onEnded: (how) => send({ kind: 'ended', how }),
});

observeCalls((call) => {
  // Calls of the other side's daemon are not calls of the plugin, and a VSP that is away was not asked.
  const isAway = call.path.endsWith('/Init') && call.code === 'UNAVAILABLE' && call.response === undefined;
  if (call.target.startsWith('/') && !isAway) send({ kind: 'call', call: formatCall(call) });
});
process.on('disconnect', () => process.exit(0));
process.on('message', (raw) => void serve(raw));

async function serve(raw: unknown): Promise<void> {
  const { id, method, params } = request.parse(raw);
  try {
    // Each schema is that of the method's parameter.
    const handler = side[method].bind(side) as (params: unknown) => Promise<unknown>;
    send({ kind: 'result', id, result: (await handler(methods[method].params.parse(params))) ?? null });
  } catch (error) {
    const { code, message } = DpuError.from(error);
    send({ kind: 'error', id, code, message });
  }
}
