/** The figures that help while waiting, each with its name. */
import type { Fact } from "../view.ts";

/** Nothing when there are none. */
export const Facts = ({ facts }: { facts: Fact[] }) =>
  facts.length === 0 ? null : (
    <dl class="facts">
      {facts.map((fact) => (
        <div key={fact.name}>
          <dt>{fact.name}</dt>
          <dd>{fact.value}</dd>
        </div>
      ))}
    </dl>
  );
