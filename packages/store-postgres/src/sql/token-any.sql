-- Whether a token was ever made: from then on nobody comes in without one, even where all of them are revoked by now; and
-- whether one still holds.
select exists (select from siding.admin_token)::text as is_made,
  exists (select from siding.admin_token where revoked_at is null and (expires_at is null or expires_at > clock_timestamp()))::text as is_usable
