import { cardBounds, isPartName, isWord } from '../../../contract/card-status.ts';
import type { CardStatus__Output } from '../../../generated/dpu_operator/v1/CardStatus.ts';
import { heartbeatService } from '../../../wire/grpc/definitions.ts';
import { type CheckContext, declareChecks } from '../../check.ts';
import { holds } from '../../expect.ts';

export const status = declareChecks('lifecycle', {}, [
  {
    name: 'status-first',
    title: 'the status of the card comes at once',
    demands: 'WatchStatus sends all of the status at once.',
    rule: 'ST-1',
    reads: true,
    run: async (context) => {
      await firstStatus(context);
    },
  },
  {
    name: 'status-bounds',
    title: 'the status of the card keeps its bounds',
    demands: 'A status has no more, and nothing longer, than is shown.',
    rule: 'ST-2',
    reads: true,
    run: async (context) => {
      const { conditions, links, events, firmwareVersion } = await firstStatus(context);
      const types = conditions.map(({ type }) => type);
      const names = links.map(({ name }) => name);
      holds(new Set(types).size === types.length, `types of conditions must be there once: ${types}`);
      holds(new Set(names).size === names.length, `names of links must be there once: ${names}`);
      atMost('conditions', types.length, cardBounds.conditions);
      atMost('links', names.length, cardBounds.links);
      atMost('events', events.length, cardBounds.events);
      atMost('bytes in firmware_version', Buffer.byteLength(firmwareVersion), cardBounds.firmwareBytes);
      for (const name of names) holds(isPartName(name), `a link is called ${JSON.stringify(name)}`);
      for (const { type, status: said, reason, message } of conditions) {
        holds(isWord(type), `a condition has the type ${JSON.stringify(type)}`);
        holds(isWord(reason), `${type} has the reason ${JSON.stringify(reason)}`);
        holds(said !== 'CONDITION_STATUS_UNSPECIFIED', `${type} has no status`);
        atMost(`bytes in the message of ${type}`, Buffer.byteLength(message), cardBounds.messageBytes);
      }
      for (const { reason, message } of events) {
        holds(isWord(reason), `an event has the reason ${JSON.stringify(reason)}`);
        atMost(`bytes in the message of ${reason}`, Buffer.byteLength(message), cardBounds.messageBytes);
      }
    },
  },
  {
    name: 'progress-first',
    title: 'the watch of the progress says that it watches',
    demands: 'WatchProgress sends an empty message at once.',
    rule: 'ST-4',
    reads: true,
    run: async ({ vsp, skip }) => {
      const first = (await vsp.firstProgress()) ?? skip('the VSP has no watch of its progress');
      holds(first.names.length === 0, `the first message names ${first.names.join(', ')}`);
    },
  },
  {
    name: 'status-health',
    title: 'heartbeat and status agree on health',
    demands: 'While the condition Healthy is False, Ping answers healthy false.',
    rule: 'ST-3',
    reads: true,
    run: async (context) => {
      const { vsp } = context;
      const { conditions } = await firstStatus(context);
      const healthy = conditions.find(({ type }) => type === 'Healthy');
      if (healthy?.status !== 'CONDITION_STATUS_FALSE') return;
      const { healthy: isWell } = await vsp.call(heartbeatService.Ping, { senderId: 'conformance' });
      holds(!isWell, `Ping answers healthy true while the status says ${healthy.reason}`);
    },
  },
]);

async function firstStatus({ vsp, skip }: CheckContext): Promise<CardStatus__Output> {
  return (await vsp.firstStatus()) ?? skip('the VSP says nothing of its card');
}

function atMost(what: string, count: number, most: number): void {
  holds(count <= most, `there are ${count} ${what}, ${most} at most`);
}
