-- Ends a tenant's pause. $1 tenant.
delete from siding.pause where tenant_id = $1 returning tenant_id
