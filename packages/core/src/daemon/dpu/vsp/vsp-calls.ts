/** Calls to a VSP that may fail. */
import { DpuError, type Feature } from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import { cutText } from '@dpu-operator/sdk/cut-text';
import type { Logger } from 'pino';
import type { VspIdentity } from '../../../api/index.ts';

/** Who has answered Init. A VSP that cannot tell is known by the time alone. */
export async function identityOf(client: Pick<VspClient, 'getInfo'>, initialisedAt: string): Promise<VspIdentity> {
  const info = await client.getInfo().catch(() => undefined);
  if (!info) return { initialisedAt };
  const { packageName, packageVersion, contractVersion, capabilities, features } = info;
  return {
    initialisedAt,
    ...(packageName && { package: packageName }),
    ...(packageVersion && { version: packageVersion }),
    ...(contractVersion && { contract: contractVersion }),
    capabilities,
    ...(features.length > 0 && { features: features.slice(0, 64).map(featureText) }),
  };
}

/** `dpu.devices/1 maxVfs=64` */
function featureText({ name, version, limits }: Feature): string {
  const announced = Object.entries(limits).map(([limit, value]) => `${limit}=${value}`);
  return cutText([`${name}/${version}`, ...announced.sort()].join(' '), 256);
}

/** As many as the Go operator's daemon asks for. */
const goNumVfs = 8;

/**
 * Tells an image for the Go operator a number of virtual functions where it has none: some make theirs, and on the DPU
 * side their table of them, only then. What it has already is left alone, as pods may use it. A plugin of the contract
 * decides by itself, and can say who it is.
 */
export async function giveDevicesToGoImage(
  client: Pick<VspClient, 'getInfo' | 'getDevices' | 'setNumVfs'>,
  logger: Logger,
): Promise<void> {
  if ((await client.getInfo()) || (await client.getDevices()).length > 0) return;
  try {
    await client.setNumVfs(goNumVfs);
  } catch (error) {
    if (DpuError.from(error).code === 'UNIMPLEMENTED') return;
    logger.warn({ err: error }, `the VSP has no virtual functions, and did not make ${goNumVfs}`);
  }
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

/** Whether network functions are to work with devices of the card for them. */
export async function configureAcceleration(
  client: Pick<VspClient, 'setNetworkConfig'>,
  isAccelerated: boolean,
  logger: Logger,
): Promise<void> {
  try {
    await client.setNetworkConfig({ isAccelerated });
  } catch (error) {
    if (DpuError.from(error).code === 'UNIMPLEMENTED' && !isAccelerated) return;
    logger.warn({ err: error, isAccelerated }, 'the VSP was not told whether networks are accelerated');
  }
}
