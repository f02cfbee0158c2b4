--! compatible
-- Reserved.
select 1;
