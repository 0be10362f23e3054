/** `{ active: { release: 'releasing' }, … }`: total over states; an event that a state does not list is refused. */
export type TransitionTable<State extends string, Event extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Event, State>>>>
>;

export interface Lifecycle<State extends string, Event extends string> {
  readonly name: string;
  readonly states: readonly State[];
  /** The state after the event, or null when the event is not available in this state. The only way to change a state. */
  next(state: State, event: Event): State | null;
  /** Events available in a state: what `availableActions` shows, so that no client copies the rules. */
  available(state: State): readonly Event[];
  isTerminal(state: State): boolean;
}

/**
 * Builds a lifecycle and proves its table at start-up: every target is a state, every state is reachable from the
 * initial one. A fault is a bug and throws.
 */
export function defineLifecycle<State extends string, Event extends string>(
  name: string,
  initial: State,
  table: TransitionTable<State, Event>,
): Lifecycle<State, Event> {
  const states = Object.keys(table) as State[];
  const reached = new Set<State>([initial]);
  const queue: State[] = [initial];
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    for (const target of Object.values(table[state] ?? {}) as State[]) {
      if (!(target in table)) throw new Error(`lifecycle ${name}: "${state}" leads to unknown state "${target}"`);
      if (!reached.has(target)) queue.push(target);
      reached.add(target);
    }
  }
  const lost = states.filter((state) => !reached.has(state));
  if (lost.length > 0) throw new Error(`lifecycle ${name}: no way leads to ${lost.join(', ')}`);
  return {
    name,
    states,
    next: (state, event) => table[state][event] ?? null,
    available: (state) => Object.keys(table[state]) as Event[],
    isTerminal: (state) => Object.keys(table[state]).length === 0,
  };
}
