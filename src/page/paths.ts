/** The paths of one share link, as the Worker serves them. */

/** The paths of the link with `token`; all start with a slash and belong to the page's own host. */
export function sharePaths(token: string) {
  const page = `/s/${encodeURIComponent(token)}`;
  return {
    page,
    state: `${page}/state`,
    events: `${page}/events`,
    /** The newest preview; `rev` only makes the URL new when the image is. */
    preview: (rev: number) => `${page}/preview?rev=${rev}`,
  };
}
