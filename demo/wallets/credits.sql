-- credits_balance is kept by this trigger, and follows whatever happens to the transactions.
-- balance_cents is kept by the application's own code.
create function keep_credits() returns trigger language plpgsql as $$
begin
    update wallets set credits_balance = (
        select coalesce(
            sum(case transaction_type when 0 then credit_amount else -credit_amount end), 0
        )
        from wallet_transactions
        where wallet_id = wallets.id and status = 1
    )
    where id in (new.wallet_id, old.wallet_id);
    return null;
end
$$;

create trigger credits_follow after insert or update or delete on wallet_transactions
for each row execute function keep_credits();
