import type { PluginContext } from '@dpu-operator/sdk';

/** Says the version of the firmware, as the driver of a network device reads it. A driver that has none is no fault. */
export async function tellFirmware(
  { status, platform, logger }: Pick<PluginContext<unknown>, 'status' | 'platform' | 'logger'>,
  device: string,
): Promise<void> {
  try {
    const { stdout } = await platform.exec('ethtool', ['-i', device]);
    const version = /^firmware-version:[ \t]*(.*)$/m.exec(stdout)?.[1]?.trim() ?? '';
    if (version !== '') status.firmware(version);
  } catch (error) {
    logger.warn({ err: error }, 'the version of the firmware is not known');
  }
}
