/** What the page of one error code says, besides what the table of codes knows. Words between backticks are code. */
export type ErrorDoc = {
  /** Why it is given. */
  cause: string;
  /** What to check and what to send instead. */
  fix: string;
  /** A request or an answer, as preformatted text. */
  example: string;
  /** Never given by this version. For codes of answers the table of codes says so itself. */
  reserved?: true;
};
