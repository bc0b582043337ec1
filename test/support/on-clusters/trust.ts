/** Trust between the two sides, as admins of two clusters see it. */
import { eventually } from '../eventually.ts';
import { AdminShell } from './admin-shell.ts';
import { namespace } from './operator.ts';
import { bothSides, type Side, type Sides } from './sides.ts';

interface Condition {
  status: string;
  reason: string;
  message: string;
}

/** Has each cluster trust the other. */
export async function exchangeTrust(sides: Sides): Promise<void> {
  for (const side of bothSides(sides)) await installationId(side);
  const shell = await AdminShell.open(sides);
  try {
    await shell.run('dpuctl --context host trust export | dpuctl --context dpu trust import');
    await shell.run('dpuctl --context dpu trust export | dpuctl --context host trust import');
  } finally {
    await shell.close();
  }
}

/** The id of a cluster's installation, once its operator has published its trust. */
export async function installationId({ kubectl }: Pick<Side, 'kubectl'>): Promise<string> {
  const configMap = ['configmap/dpu-channel-trust'];
  await kubectl.wait('create', configMap, namespace);
  return kubectl.run(['get', '-n', namespace, ...configMap, '-o', 'jsonpath={.data.installation}']);
}

/** What a side's DPU says of its channel to the other side. */
async function channelOf({ kubectl, dpu }: Side): Promise<Condition | undefined> {
  const { status } = await kubectl.json<{ status?: { conditions?: (Condition & { type: string })[] } }>([
    'get',
    'dpu',
    dpu,
  ]);
  return status?.conditions?.find(({ type }) => type === 'Channel');
}

/** Waits until a side's DPU gives one of these reasons. @returns what it says then */
export async function untilChannelIs(side: Side, ...reasons: string[]): Promise<string> {
  const { message } = await eventually(
    `Channel of ${side.dpu} says ${reasons.join(' or ')}`,
    () => channelOf(side),
    ({ reason }) => reasons.includes(reason),
  );
  return message;
}
