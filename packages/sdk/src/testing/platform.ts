import type { Platform } from '../contract/contract.ts';
import { DpuError } from '../errors.ts';
import { Links } from '../linux/links/links.ts';
import { Sriov } from '../linux/pci/sriov.ts';
import { Sysfs } from '../linux/pci/sysfs.ts';
import { type FakeClock, fakeClock } from './clock.ts';
import { type ExecScript, type FakeExec, fakeExec } from './exec.ts';
import { FakeSysfs } from './sysfs.ts';

/** What the machine of {@link fakePlatform} has. Whatever is left out, it has not. */
export interface FakePlatformOptions {
  /** What the machine has, e.g. a {@link FakeSysfs}. Default: a machine without PCI devices and DMI table. */
  sysfs?: Platform['sysfs'];
  /** Default: one that stands still in 2030. */
  clock?: FakeClock;
  /** The programs that the plugin may run. Default: none. Links are read and changed by the program `ip`. */
  exec?: ExecScript;
  /** Open vSwitch is two daemons, not programs that answer: a test that needs it brings its own. */
  openVSwitch?: Platform['openVSwitch'];
}

/** A machine made up by a test: nothing reaches the real one. */
export interface FakePlatform extends Platform {
  exec: FakeExec;
  clock: FakeClock;
}

/**
 * A {@link Platform} for `PluginContext.platform`.
 *
 * @example
 * const platform = fakePlatform({ exec: { ethtool: '' } });
 * await using vsp = await startPlugin(plugin, { packageJson, platform });
 * expect(platform.exec.calls).toEqual([]);
 */
export function fakePlatform({ sysfs, clock, exec: script, openVSwitch }: FakePlatformOptions = {}): FakePlatform {
  const exec = fakeExec(script);
  const time = clock ?? fakeClock();
  const hardware = sysfs ?? new Sysfs('/nonexistent');
  return {
    exec,
    links: new Links(exec),
    sysfs: hardware,
    sriov: hardware instanceof FakeSysfs ? hardware.sriov(time) : new Sriov({ sysfs: hardware, clock: time }),
    clock: time,
    openVSwitch:
      openVSwitch ??
      (() => {
        throw new DpuError('UNIMPLEMENTED', 'fakePlatform has no Open vSwitch: give it one as `openVSwitch`');
      }),
  };
}
