/**
 * Groups of owners (projects) in the line: what each holds, and how many leases it may hold at once. A group's limit is
 * what the youngest of its waiting jobs says, so a limit that was changed holds at once for those who came before too:
 * all jobs of a group are judged by one number, and none is passed over for having been told another.
 */
import { must } from "../util/assert.ts";

/** What a group has to know of a waiting job. `place` is its age, `groupMax` null for no limit. */
type Member = { readonly group: string; readonly groupMax: number | null; readonly place: number };
/**
 * `members` is in the order of age. One that is not the youngest leaves by being `gone`, by its place, and is swept out
 * with others: the youngest is always a job that waits, and leaving costs O(1) on the whole.
 */
type Group = { held: number; members: Member[]; readonly gone: Set<number> };

/** The group of an owner that names none: the part before the first "/". */
export const groupOf = (owner: string): string => owner.split("/", 1)[0] ?? "";

export class Groups {
  readonly #groups: Map<string, Group>;

  constructor(groups = new Map<string, Group>()) {
    this.#groups = groups;
  }

  /** Whether the group holds fewer leases than it may. */
  hasRoom(name: string): boolean {
    return this.held(name) < this.#max(name);
  }

  /** Whether the group may hold any lease at all. */
  mayHold(name: string): boolean {
    return this.#max(name) > 0;
  }

  held(name: string): number {
    return this.#groups.get(name)?.held ?? 0;
  }

  /** One more lease of the group is held. */
  hold(name: string): void {
    this.#group(name).held += 1;
  }

  /** A lease of the group is over. */
  giveBack(name: string): void {
    const group = this.#group(name);
    group.held = Math.max(0, group.held - 1);
    this.#drop(name, group);
  }

  /** A job of the group waits. */
  join(job: Member): void {
    const { members, gone } = this.#group(job.group);
    members.splice(indexOf(members, job.place), gone.delete(job.place) ? 1 : 0, job);
  }

  /** A job that waited does so no more. */
  leave({ group: name, place }: Member): void {
    const group = must(this.#groups.get(name), "the group of a waiting job");
    const { gone } = group;
    gone.add(place);
    if (gone.size * 2 > group.members.length) {
      group.members = group.members.filter((member) => !gone.has(member.place));
      gone.clear();
    }
    for (let last = group.members.at(-1); last && gone.delete(last.place); last = group.members.at(-1))
      group.members.pop();
    this.#drop(name, group);
  }

  /** Groups with counts of their own and the limits of these, to play forward what is held: O(groups). */
  copy(): Groups {
    return new Groups(new Map([...this.#groups].map(([name, group]) => [name, { ...group }])));
  }

  #max(name: string): number {
    return this.#groups.get(name)?.members.at(-1)?.groupMax ?? Number.POSITIVE_INFINITY;
  }

  #group(name: string): Group {
    const known = this.#groups.get(name);
    if (known) return known;
    const group: Group = { held: 0, members: [], gone: new Set() };
    this.#groups.set(name, group);
    return group;
  }

  #drop(name: string, { held, members }: Group): void {
    if (held === 0 && members.length === 0) this.#groups.delete(name);
  }
}

/** Where a job of that age stands, or would stand. */
function indexOf(members: readonly Member[], place: number): number {
  let low = 0;
  let high = members.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (must(members[middle], "a job of the group").place < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
