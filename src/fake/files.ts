/**
 * The input, output and temp directories, in memory. Output and input survive a restart of the server, temp does not;
 * names, counters and refusals follow protocol §1.6 and §1.9.
 */
import { fingerprint } from "./random.ts";

/** The three roots. */
export type FileRoot = "input" | "output" | "temp";

/** A stored file. */
export interface StoredFile {
  readonly bytes: Uint8Array;
  readonly modifiedAt: number;
  /** Tells contents apart. */
  readonly hash: string;
}

/** Whether `text` names one of the roots. */
export function isFileRoot(text: string): text is FileRoot {
  return text === "input" || text === "output" || text === "temp";
}

/** A path with `.` and `..` resolved, or null if it leaves the root. Empty means the root itself. */
export function normalPath(path: string): string | null {
  if (path.startsWith("/")) return null;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join("/");
}

/** A file name with a trailing ` [input]`, ` [output]` or ` [temp]` taken off; characters are cut blindly as ComfyUI does. */
export function splitAnnotation(name: string): { name: string; root: FileRoot | null } {
  if (name.endsWith("[output]")) return { name: name.slice(0, -9), root: "output" };
  if (name.endsWith("[input]")) return { name: name.slice(0, -8), root: "input" };
  if (name.endsWith("[temp]")) return { name: name.slice(0, -7), root: "temp" };
  return { name, root: null };
}

/** Files by root and path. */
export class FileStore {
  readonly #roots: Record<FileRoot, Map<string, StoredFile>> = {
    input: new Map(),
    output: new Map(),
    temp: new Map(),
  };

  get(root: FileRoot, path: string): StoredFile | undefined {
    return this.#roots[root].get(path);
  }

  /** The file that a node input names, e.g. `sub/a.png` or `b.png [output]`. */
  find(annotated: string): StoredFile | undefined {
    const { name, root } = splitAnnotation(annotated);
    const path = normalPath(name);
    return path === null ? undefined : this.get(root ?? "input", path);
  }

  put(root: FileRoot, path: string, bytes: Uint8Array, modifiedAt: number): void {
    this.#roots[root].set(path, { bytes, modifiedAt, hash: fingerprint(bytes) });
  }

  /** Whether the folder exists: the root, or one that holds a file. */
  hasFolder(root: FileRoot, folder: string): boolean {
    return folder === "" || [...this.#roots[root].keys()].some((path) => path.startsWith(`${folder}/`));
  }

  /** Paths directly in the root, sorted. */
  topLevel(root: FileRoot): readonly string[] {
    return [...this.#roots[root].keys()].filter((path) => !path.includes("/")).sort();
  }

  clearTemp(): void {
    this.#roots.temp.clear();
  }

  /** Where the next file of a prefix goes: subfolder, bare name and the first free counter. */
  nextName(root: FileRoot, prefix: string): { subfolder: string; name: string; counter: number } | null {
    const path = normalPath(prefix);
    if (path === null || path === "") return null;
    const slash = path.lastIndexOf("/");
    const subfolder = slash === -1 ? "" : path.slice(0, slash);
    const name = path.slice(slash + 1);
    const start = subfolder === "" ? `${name}_` : `${subfolder}/${name}_`;
    let counter = 0;
    for (const existing of this.#roots[root].keys()) {
      if (!existing.startsWith(start)) continue;
      const digits = /^(\d+)_?(?:\.|$)/.exec(existing.slice(start.length));
      if (digits?.[1] !== undefined) counter = Math.max(counter, Number(digits[1]));
    }
    return { subfolder, name, counter: counter + 1 };
  }
}
