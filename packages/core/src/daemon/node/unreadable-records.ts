/** Tells of attachment records that cannot be read, on the node that they are on. */
import type { EventRecorder } from '../../kube/index.ts';
import type { AttachmentStore } from '../attach/store.ts';

export interface UnreadableRecordsOptions {
  attachments: Pick<AttachmentStore, 'unreadable' | 'onChange'>;
  events: Pick<EventRecorder, 'event'>;
  nodeName: string;
}

/** Writes an event now and whenever there are others. Returns what ends that. */
export function reportUnreadableRecords({ attachments, events, nodeName }: UnreadableRecordsOptions): () => void {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName } };
  const report = () => {
    const [first, ...others] = attachments.unreadable();
    if (!first) return;
    const more = others.length > 0 ? ` and ${others.length} more` : '';
    const advice = 'nothing is cleaned up for being unknown until such files are deleted';
    const message = `attachment record ${first.path} cannot be read (${first.reason})${more}: ${advice}`;
    void events.event(node, { type: 'Warning', reason: 'RecordUnreadable', message, action: 'ReadRecords' });
  };
  report();
  return attachments.onChange(report);
}
