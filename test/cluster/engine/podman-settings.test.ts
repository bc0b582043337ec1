import { expect, it } from 'vitest';
import { containersConf, parseLimits } from './podman-settings.ts';

const limits = `Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max processes             96365                unlimited            processes
Max open files            1024                 20000                files
`;

it('reads the hard limits', () => {
  expect(parseLimits(limits)).toEqual({ openFiles: 20000, processes: Number.POSITIVE_INFINITY });
});

it('leaves podman alone where it can have what it asks for', () => {
  const plenty = { openFiles: 1_048_576, processes: Number.POSITIVE_INFINITY };
  expect(containersConf({ ...plenty, systemd: true })).toBeUndefined();
  expect(containersConf({ ...plenty, systemd: false })).not.toContain('default_ulimits');
});

it('asks for no more than the machine may give', () => {
  const text = containersConf({ openFiles: 20_000, processes: 96_365, systemd: false });
  expect(text).toContain('default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]');
  expect(text).toContain('cgroup_manager = "cgroupfs"');
});
