import type { PluginContext } from '../../contract/contract.ts';

/**
 * Says the version of the card's firmware, as the driver of a network device reads it (`ethtool -i`). A driver that has
 * none is no fault, nor is one that cannot be asked: the log has it.
 */
export async function reportFirmware(
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
