/**
 * The webhook entry points of `TenantObject`. What they do is the desk's affair (worker/webhooks); answers are the
 * public documents, so that a secret leaves only where it is made or signed with.
 */
import { DurableObject } from "cloudflare:workers";
import type {
  Delivery,
  JobEventType,
  WebhookCreate,
  WebhookEndpoint,
  WebhookPatch,
  WebhookReplay,
  WebhookRotate,
} from "../../contract/webhook.ts";
import type { EventLogEntry } from "../../contract/webhook-bodies.ts";
import { timestamp } from "../../core/job/project.ts";
import { listPage } from "../../core/tenant/pages.ts";
import { type EndpointRecord, endpointOf, patchedEndpoint } from "../../core/webhook/endpoint-record.ts";
import { deliveryOf, shownStatus, timeOf } from "../../core/webhook/ledger-row.ts";
import { jwkOf } from "../../core/webhook/secrets.ts";
import type { AttemptReport, JobTarget, OutgoingEvent, Permit, Target } from "../../core/webhook/vocabulary.ts";
import { configOf } from "../config.ts";
import type { EventFilters, EventRow } from "../webhooks/event-log.ts";
import type { DeliveryFilters } from "../webhooks/ledger.ts";
import { curlFor, ping } from "../webhooks/test-ping.ts";
import type { RedeliverAnswer, WebhookDesk } from "../webhooks/webhook-desk.ts";

/** `before`: where the page begins, null for the newest. */
export type PageOf<F> = F & { before: number | null; limit: number };
/** The secret that signs for webhooks of single jobs. Times are RFC 3339. */
export type DefaultSecret = { secret: string; previous_secret_expires_at: string | null };
export type Jwks = { keys: ReturnType<typeof jwkOf>[] };

export abstract class WebhookEntries extends DurableObject<Env> {
  protected abstract readonly desk: WebhookDesk;

  /** Writes an event and who gets it; idempotent by the event's id. */
  async announce(event: OutgoingEvent, jobTarget: JobTarget | null): Promise<Target[]> {
    return this.desk.announce(event, jobTarget);
  }

  /** Whether the next attempt of a delivery may be made, and with what. */
  async permit(deliveryId: string): Promise<Permit> {
    return this.desk.permit(deliveryId);
  }

  /** Hears what came of an attempt; at least once, in any order. */
  async attempted(report: AttemptReport): Promise<void> {
    this.desk.attempted(report);
  }

  /** The endpoint with its secret, which is told here alone. `origin`: of the service, as the caller reached it. */
  async createWebhook(create: WebhookCreate, origin: string): Promise<WebhookEndpoint | "limit"> {
    if (create.signing === "v1+v1a") await this.desk.book.needPair();
    this.desk.book.calledAt(origin);
    const made = this.desk.book.add(create, this.desk.now());
    return made === "limit" ? "limit" : this.#shown(made, made.secret.current);
  }

  /** Oldest first. */
  async listWebhooks(): Promise<WebhookEndpoint[]> {
    return this.desk.book.list().map((record) => this.#shown(record));
  }

  /** Changes what the patch names; null where there is no such endpoint. */
  async patchWebhook(id: string, patch: WebhookPatch): Promise<WebhookEndpoint | null> {
    const { book } = this.desk;
    if (patch.signing === "v1+v1a") await book.needPair();
    const record = book.get(id);
    return record && this.#shown(book.save(patchedEndpoint(record, patch, this.desk.now())));
  }

  /** False where there is no such endpoint. */
  async removeWebhook(id: string): Promise<boolean> {
    return this.desk.book.remove(id);
  }

  /** The endpoint with its new secret, which is told here alone. */
  async rotateWebhook(id: string, { secret, overlap_seconds }: WebhookRotate): Promise<WebhookEndpoint | null> {
    const record = this.desk.book.rotate(id, secret, overlap_seconds * 1_000, this.desk.now());
    return record && this.#shown(record, record.secret.current);
  }

  /** One attempt while the caller waits. `timeoutMs` is for tests. */
  async testWebhook(
    id: string,
    type: JobEventType | "webhook.test",
    origin: string,
    timeoutMs?: number,
  ): Promise<Delivery | null> {
    this.desk.book.calledAt(origin);
    return ping(this.desk, id, type, configOf(this.env).testHooks ? timeoutMs : undefined);
  }

  /** Ids of the endpoints that are disabled. */
  async disabledWebhooks(): Promise<string[]> {
    return this.desk.book.list().flatMap(({ id, disabled }) => (disabled ? [id] : []));
  }

  /** Newest first. */
  async listDeliveries(page: PageOf<DeliveryFilters>): Promise<{ deliveries: Delivery[]; next: number | null }> {
    const { found, next } = listPage(page, this.desk.ledger.source(page));
    return { deliveries: found.map((row) => deliveryOf(row, null)), next };
  }

  /** With the request as a curl command. */
  async getDelivery(id: string): Promise<Delivery | null> {
    const row = this.desk.ledger.find(id);
    return row && deliveryOf(row, await curlFor(this.desk, row));
  }

  async redeliver(id: string, origin: string): Promise<RedeliverAnswer> {
    this.desk.book.calledAt(origin);
    return this.desk.redeliver(id);
  }

  /** How many deliveries are on their way again. */
  async replay(id: string, replay: WebhookReplay, origin: string): Promise<number | "unknown" | "disabled"> {
    this.desk.book.calledAt(origin);
    return this.desk.replay(id, replay);
  }

  /** Newest first. */
  async listEvents(page: PageOf<EventFilters>): Promise<{ events: EventLogEntry[]; next: number | null }> {
    const { found, next } = listPage(page, this.desk.log.source(page));
    return { events: this.#entries(found), next };
  }

  async getEvent(id: string): Promise<EventLogEntry | null> {
    const event = this.desk.log.find(id);
    return (event && this.#entries([event])[0]) ?? null;
  }

  /** The secret that signs for webhooks of single jobs; made when it is first asked for. */
  async defaultSecret(): Promise<DefaultSecret> {
    return this.#shownDefault();
  }

  async rotateDefaultSecret({ secret, overlap_seconds }: WebhookRotate): Promise<DefaultSecret> {
    this.desk.book.rotateDefault(secret, overlap_seconds * 1_000, this.desk.now());
    return this.#shownDefault();
  }

  /** The public keys that count, the current one first. */
  async webhookKeys(): Promise<Jwks> {
    return { keys: this.desk.book.publicKeys(this.desk.now()).map(jwkOf) };
  }

  async rotateWebhookKeys(overlapSeconds: number): Promise<Jwks> {
    await this.desk.book.rotatePair(overlapSeconds * 1_000, this.desk.now());
    return this.webhookKeys();
  }

  #shown(record: EndpointRecord, secret: string | null = null): WebhookEndpoint {
    const now = this.desk.now();
    return endpointOf(record, { secret, publicKey: this.desk.book.publicKeys(now)[0] ?? null }, now);
  }

  #shownDefault(): DefaultSecret {
    const { current, previous } = this.desk.book.defaultSecret();
    const counts = previous !== null && this.desk.now() < previous.until;
    return { secret: current, previous_secret_expires_at: counts ? timestamp(previous.until) : null };
  }

  #entries(events: readonly EventRow[]): EventLogEntry[] {
    const rows = this.desk.ledger.ofEvents(events);
    return events.map(({ id, type, jobId, position, body, deliveries }) => ({
      object: "event",
      id,
      type,
      job_id: jobId,
      created_at: timestamp(timeOf(position)),
      body: JSON.parse(body) as EventLogEntry["body"],
      deliveries: deliveries.flatMap(({ id: deliveryId, endpointId }) => {
        const row = rows.get(deliveryId);
        return row ? [{ id: deliveryId, endpoint_id: endpointId, status: shownStatus(row) }] : [];
      }),
    }));
  }
}
