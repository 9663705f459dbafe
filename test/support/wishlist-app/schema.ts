/**
 * The tables of Wishlist (github.com/cmintey/wishlist at 4f4ab0f7, prisma/schema.prisma) that carry
 * its data, with their columns, keys and indexes, plus two of our own (`ledger_*`) in which the
 * writer keeps what must hold in every captured state.
 */
export const schema = `
CREATE TABLE "_prisma_migrations" (
  "id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME,
  "migration_name" TEXT NOT NULL, "logs" TEXT, "rolled_back_at" DATETIME,
  "started_at" DATETIME NOT NULL DEFAULT current_timestamp,
  "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0);
CREATE TABLE "role" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "name" TEXT NOT NULL);
CREATE TABLE "group" ("id" TEXT NOT NULL PRIMARY KEY, "name" TEXT NOT NULL);
CREATE UNIQUE INDEX "group_name_key" ON "group"("name");
CREATE TABLE "system_config" (
  "key" TEXT NOT NULL, "value" TEXT, "groupId" TEXT NOT NULL, PRIMARY KEY ("key", "groupId"));
CREATE TABLE "patch" (
  "id" TEXT NOT NULL PRIMARY KEY, "executed_at" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE "user" (
  "id" TEXT NOT NULL PRIMARY KEY, "username" TEXT NOT NULL COLLATE NOCASE, "name" TEXT NOT NULL,
  "email" TEXT NOT NULL DEFAULT 'changeme@email.com' COLLATE NOCASE, "picture" TEXT,
  "roleId" INTEGER NOT NULL DEFAULT 1, "hashedPassword" TEXT NOT NULL, "oauthId" TEXT,
  "preferredLanguage" TEXT,
  FOREIGN KEY ("roleId") REFERENCES "role" ("id") ON DELETE RESTRICT ON UPDATE CASCADE);
CREATE UNIQUE INDEX "user_username_key" ON "user"("username");
CREATE UNIQUE INDEX "user_email_key" ON "user"("email");
CREATE TABLE "system_user" (
  "id" TEXT NOT NULL PRIMARY KEY, "username" TEXT DEFAULT NULL,
  "name" TEXT DEFAULT 'ANONYMOUS_NAME');
CREATE TABLE "user_group_membership" (
  "id" TEXT NOT NULL PRIMARY KEY, "active" BOOLEAN NOT NULL DEFAULT false, "userId" TEXT NOT NULL,
  "groupId" TEXT NOT NULL, "roleId" INTEGER NOT NULL DEFAULT 1,
  FOREIGN KEY ("userId") REFERENCES "user" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY ("groupId") REFERENCES "group" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY ("roleId") REFERENCES "role" ("id") ON DELETE RESTRICT ON UPDATE CASCADE);
CREATE INDEX "user_group_membership_userId_groupId_idx"
  ON "user_group_membership"("userId", "groupId");
CREATE TABLE "session" (
  "id" TEXT NOT NULL PRIMARY KEY, "userId" TEXT NOT NULL, "expiresAt" DATETIME NOT NULL,
  FOREIGN KEY ("userId") REFERENCES "user" ("id") ON DELETE CASCADE ON UPDATE CASCADE);
CREATE INDEX "session_userId_idx" ON "session"("userId");
CREATE TABLE "item_price" (
  "id" TEXT NOT NULL PRIMARY KEY, "value" INTEGER NOT NULL, "currency" TEXT NOT NULL);
CREATE TABLE "list" (
  "id" TEXT NOT NULL PRIMARY KEY, "name" TEXT, "ownerId" TEXT NOT NULL, "groupId" TEXT NOT NULL,
  "public" BOOLEAN NOT NULL DEFAULT false, "icon" TEXT, "iconColor" TEXT, "description" TEXT,
  "hideOwner" BOOLEAN NOT NULL DEFAULT false,
  FOREIGN KEY ("ownerId") REFERENCES "user" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY ("groupId") REFERENCES "group" ("id") ON DELETE CASCADE ON UPDATE CASCADE);
CREATE INDEX "list_ownerId_groupId_idx" ON "list"("ownerId", "groupId");
CREATE TABLE "items" (
  "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "name" TEXT NOT NULL, "price" TEXT,
  "itemPriceId" TEXT, "url" TEXT, "note" TEXT, "imageUrl" TEXT, "quantity" INTEGER,
  "mostWanted" BOOLEAN NOT NULL DEFAULT false, "userId" TEXT NOT NULL, "createdById" TEXT NOT NULL,
  FOREIGN KEY ("itemPriceId") REFERENCES "item_price" ("id") ON DELETE SET NULL ON UPDATE CASCADE,
  FOREIGN KEY ("userId") REFERENCES "user" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY ("createdById") REFERENCES "user" ("id") ON DELETE CASCADE ON UPDATE CASCADE);
CREATE INDEX "items_userId_idx" ON "items"("userId");
CREATE TABLE "list_item" (
  "id" TEXT NOT NULL PRIMARY KEY, "listId" TEXT NOT NULL, "itemId" INTEGER NOT NULL,
  "addedById" TEXT NOT NULL, "approved" BOOLEAN NOT NULL DEFAULT true, "displayOrder" INTEGER,
  FOREIGN KEY ("listId") REFERENCES "list" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY ("itemId") REFERENCES "items" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY ("addedById") REFERENCES "user" ("id") ON DELETE RESTRICT ON UPDATE CASCADE);
CREATE INDEX "list_item_itemId_idx" ON "list_item"("itemId");
CREATE UNIQUE INDEX "list_item_listId_itemId_key" ON "list_item"("listId", "itemId");
CREATE TABLE "list_item_claim" (
  "id" TEXT NOT NULL PRIMARY KEY, "itemId" INTEGER NOT NULL, "listId" TEXT NOT NULL,
  "claimedById" TEXT, "publicClaimedById" TEXT, "purchased" BOOLEAN NOT NULL DEFAULT false,
  "quantity" INTEGER NOT NULL DEFAULT 1,
  FOREIGN KEY ("itemId") REFERENCES "items" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY ("listId") REFERENCES "list" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY ("claimedById") REFERENCES "user" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY ("publicClaimedById") REFERENCES "system_user" ("id") ON DELETE CASCADE);
CREATE INDEX "list_item_claim_itemId_idx" ON "list_item_claim"("itemId");
CREATE INDEX "list_item_claim_claimedById_idx" ON "list_item_claim"("claimedById");
CREATE TABLE "ledger_account" ("id" INTEGER PRIMARY KEY, "balance" INTEGER NOT NULL);
CREATE TABLE "ledger_commit" ("id" INTEGER PRIMARY KEY, "kind" TEXT NOT NULL);
`;

/** What the balances of `ledger_account` add up to, always. */
export const LEDGER_ACCOUNTS = 20;
export const LEDGER_TOTAL = 20_000;
