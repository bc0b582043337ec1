/** Calls to a VSP that may fail. */
import { DpuError } from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import type { Logger } from 'pino';
import type { VspIdentity } from '../../api/index.ts';

/** Who has answered Init. A VSP that cannot tell is known by the time alone. */
export async function identityOf(client: Pick<VspClient, 'getInfo'>, initialisedAt: string): Promise<VspIdentity> {
  const info = await client.getInfo().catch(() => undefined);
  if (!info) return { initialisedAt };
  const { packageName, packageVersion, contractVersion, capabilities } = info;
  return {
    initialisedAt,
    ...(packageName && { package: packageName }),
    ...(packageVersion && { version: packageVersion }),
    ...(contractVersion && { contract: contractVersion }),
    capabilities,
  };
}

/** Has it take away what it made on the node. @returns whether it has said that it did, or has nothing of the kind */
export async function clearVsp(client: Pick<VspClient, 'setNumVfs'> | undefined, logger: Logger): Promise<boolean> {
  if (!client) return false;
  try {
    await client.setNumVfs(0);
    return true;
  } catch (error) {
    logger.warn({ err: error }, 'the VSP did not take its virtual functions away');
    return DpuError.from(error).code === 'UNIMPLEMENTED';
  }
}
