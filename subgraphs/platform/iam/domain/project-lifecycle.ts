import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';

export type ProjectState = 'active' | 'archived';
export type ProjectEvent = 'archive' | 'restore';

/** Nothing new may start in an archived project; what it has can be read and released. */
export const projectLifecycle = defineLifecycle<ProjectState, ProjectEvent>('project', 'active', {
  active: { archive: 'archived' },
  archived: { restore: 'active' },
});
