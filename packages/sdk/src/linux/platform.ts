import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Platform } from '../contract/contract.ts';
import { exec } from './exec.ts';
import { NetlinkLinks } from './links/links-netlink.ts';
import { OpenVSwitch } from './ovs/ovs.ts';
import { Sriov } from './pci/sriov.ts';
import { Sysfs } from './pci/sysfs.ts';

/** This machine. */
export function linuxPlatform(): Platform {
  const clock: Clock = {
    now: () => Date.now(),
    sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, signal && { signal }),
  };
  const sysfs = new Sysfs();
  return {
    exec,
    links: new NetlinkLinks(exec),
    sysfs,
    sriov: new Sriov({ sysfs, clock }),
    clock,
    openVSwitch: (options) => new OpenVSwitch({ exec, ...options }),
  };
}
