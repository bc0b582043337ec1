import { setTimeout } from 'node:timers/promises';
import type { Platform } from '../contract.ts';
import { exec } from './exec.ts';
import { Links } from './links.ts';
import { OpenVSwitch } from './ovs.ts';
import { Sysfs } from './sysfs.ts';

/** This machine. */
export function linuxPlatform(): Platform {
  return {
    exec,
    links: new Links(exec),
    sysfs: new Sysfs(),
    clock: {
      now: () => Date.now(),
      sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, signal && { signal }),
    },
    openVSwitch: (options) => new OpenVSwitch({ exec, ...options }),
  };
}
