import type { CompareProps } from '../compare.tsx'
import { Claim, Do, StaffRoom, Steps, Verdict, Versus } from './parts.tsx'

export function EditTheRole({ left, right, seen, visits }: CompareProps) {
  const role = left.customer?.role
  return (
    <section id="role" aria-labelledby="role-title">
      <h2 id="role-title">1. Make yourself an admin</h2>
      <Claim left="User can view/modify data" right="User sees only opaque ID" />
      <p>
        The cookie shop remembers your role in <code>plain-role=user</code>. Change it to what you like.
      </p>
      <form class="inline-form" method="post" action="/compare">
        <div class="field">
          <label for="role-value">
            <code>plain-role=</code>
          </label>
          <input id="role-value" name="role" type="text" value="admin" maxlength={20} autocomplete="off" required />
        </div>
        <button type="submit" class="button" name="do" value="role">
          Send the edited cookie
        </button>
      </form>
      <Versus
        left={
          <>
            <p>
              It reads: role <b>{role === undefined ? 'none, as nobody is in' : role.slice(0, 40)}</b>
            </p>
            <StaffRoom customer={left.customer} visits={visits} />
            {role !== undefined && role !== 'user' && <Verdict good={false}>It believed you</Verdict>}
          </>
        }
        right={
          <>
            <p>
              It reads: role <b>{right.customer?.role ?? 'none, as nobody is in'}</b>
            </p>
            <StaffRoom customer={right.customer} visits={visits} />
            {role !== undefined && role !== 'user' && right.customer && (
              <>
                <p>
                  The same request, <code>plain-role={role.slice(0, 40)}</code> and all, came to this shop too. It takes
                  no role from a request: it looked into its record.
                </p>
                <Verdict good>Nothing has changed</Verdict>
              </>
            )}
            <EditTheTicket right={right} seen={seen} />
          </>
        }
      />
    </section>
  )
}

/** All that there is to edit for a visitor of the session shop. */
function EditTheTicket({ right, seen }: Pick<CompareProps, 'right' | 'seen'>) {
  const { start, customer, steps } = right
  if (!start) return <p class="quiet">You hold no ticket yet: there is nothing to edit.</p>
  if (customer) {
    return (
      <>
        <p>All that you hold of it is the ticket. So edit that: name another session.</p>
        <Do what="ticket" second>
          Change one character of it
        </Do>
      </>
    )
  }
  return (
    <>
      <p>
        Your browser sent a ticket that {seen.isTicketEdited ? 'you have edited' : 'is not valid any more'}. The
        library’s answer to this request:
      </p>
      <Steps steps={steps} />
      <Verdict good>Nobody is in, and no record was made</Verdict>
      {seen.isTicketEdited && (
        <Do what="ticket" second>
          Change the character back
        </Do>
      )}
    </>
  )
}
