export { HostDataPath, type HostDataPathOptions } from './host-ports/host-data-path.ts';
