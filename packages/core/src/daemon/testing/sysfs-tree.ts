/** The part of a sysfs that says what a PCI network function is, in a directory of its own. */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface TreeFunction {
  address: string;
  /** Name of its netdev, where the kernel drives it. */
  netdev?: string;
  mac?: string;
  driver?: string;
  /** Bound to vfio-pci, unless to `driver`, and in an IOMMU group. */
  vfio?: { group: string; noIommu?: boolean };
  /** The kernel says -1 for none. */
  numaNode?: number;
  /** Of a virtual function: its physical function and its number there. */
  virtual?: { of: string; index: number };
}

export class SysfsTree {
  readonly root = mkdtempSync(join(tmpdir(), 'sys-'));

  add({ address, netdev, mac = '02:00:00:00:00:01', vfio, numaNode = -1, virtual, ...more }: TreeFunction): this {
    const directory = `bus/pci/devices/${address}`;
    const driver = more.driver ?? (vfio && 'vfio-pci');
    if (driver !== undefined) this.#link(`${directory}/driver`, `../../drivers/${driver}`);
    this.#write(`${directory}/numa_node`, `${numaNode}`);
    if (netdev !== undefined) {
      mkdirSync(join(this.root, directory, 'net', netdev), { recursive: true });
      this.#write(`class/net/${netdev}/address`, mac);
      this.#write(`class/net/${netdev}/mtu`, '1500');
      this.#link(`class/net/${netdev}/device`, `../../../${directory}`);
    }
    if (vfio) {
      const { group, noIommu } = vfio;
      this.#link(`${directory}/iommu_group`, `../../../../kernel/iommu_groups/${group}`);
      mkdirSync(join(this.root, 'kernel/iommu_groups', group), { recursive: true });
      if (noIommu) this.#write(`kernel/iommu_groups/${group}/name`, 'vfio-noiommu');
    }
    if (virtual) {
      this.#link(`${directory}/physfn`, `../${virtual.of}`);
      this.#link(`bus/pci/devices/${virtual.of}/virtfn${virtual.index}`, `../${address}`);
    }
    return this;
  }

  /** A vDPA device of a function, below an auxiliary device as some cards have it. `driver` names it in the kernel. */
  addVdpa(address: string, { name, driver, child }: { name: string; driver: string; child: string }): this {
    const home = `devices/pci0000:00/${address}/acme_core.vnet.2/${name}`;
    mkdirSync(join(this.root, home, child), { recursive: true });
    this.#link(`${home}/driver`, `../../../../../bus/vdpa/drivers/${driver}`);
    this.#link(`bus/vdpa/devices/${name}`, `../../../${home}`);
    return this;
  }

  #write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), `${text}\n`);
  }

  #link(path: string, target: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    symlinkSync(target, join(this.root, path));
  }
}
